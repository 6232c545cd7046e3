package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code teleproxy demo} on a machine without a cluster, a kubeconfig, or any way out. */
class DemoIT {
  private static final String USER = "65534";

  @ParameterizedTest
  @ValueSource(strings = {"linux-nftables", "linux-iptables"})
  void whatItSaysToTryWorks(String backend) {
    try (PlainMachine machine = new PlainMachine();
        Product product = demo(machine, backend)) {
      Http http = machine.http();
      assertThat(product.awaitReady()).contains(backend);
      await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(() -> assertThat(product.stdout()).contains("curl http://hello.demo/"));

      assertThat(http.get("http://hello.demo/").body()).startsWith("Hello from the demo cluster!");
      assertThat(http.get("http://db-1.db.demo/").body()).isEqualTo("I am the pod db-1.");
      assertThat(http.curl("http://empty.demo/").exit()).as("refused").isEqualTo(7);
      assertThat(http.curl("http://hello.demo:81/").exit()).as("refused").isEqualTo(7);
      assertThat(http.dig("db.demo")).containsExactlyInAnyOrder("127.77.1.1", "127.77.1.2");
      assertThat(machine.run("dig +noall +comments nothing.demo").out()).contains("NXDOMAIN");
      machine.run("printf hi | socat -t20 - TCP4:echo.demo:7 | grep -qx hi");
      await("datagrams")
          .atMost(Duration.ofSeconds(30))
          .until(
              () ->
                  List.of("hi")
                      .equals(
                          machine.run("printf hi | socat -t1 - UDP4:echo.demo:7 || true").lines()));

      assertThat(product.stop()).as("%s", product).isZero();
      machine.asBefore();
    }
  }

  /** As who calls sudo, for whom the bridge runs. */
  private static Product demo(PlainMachine machine, String backend) {
    Product.User user = machine.user(backend).env("SUDO_UID", USER).withProductOfHisOwn();
    Command.of("chown", "-R", "-h", USER, user.home().toString()).run().succeeded();
    return user.start("demo");
  }
}
