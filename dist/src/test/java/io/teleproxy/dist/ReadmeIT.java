package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the READMEs of plugins show works, where no other test does the same. */
@Tag("privileged")
class ReadmeIT {
  private static final String TABLE =
      """
      [{"name": "t", "routes": [
        {"name": "dns", "ip": "10.96.0.10", "port": "80", "target": "1080"},
        {"ip": "10.96.0.11", "action": "reject"}]}]""";

  @Test
  void ofNftables() {
    try (PlainMachine machine = new PlainMachine();
        Product product = machine.ready("linux-nftables")) {
      post(machine);
      for (String example : Examples.of("plugins/linux-nftables/README.md").in("sh")) {
        assertThat(machine.run(example).out()).contains("table inet teleproxy", "10.96.0.10");
      }
      assertThat(product.stop()).isZero();
    }
  }

  @Test
  void ofIptables() {
    Examples readme = Examples.of("plugin-linux-iptables/README.md");
    for (String configuration : readme.in("hocon")) {
      try (PlainMachine machine = new PlainMachine()) {
        Product.User user = machine.user("linux-iptables");
        user.write("teleproxy.conf", Backend.configuration("linux-iptables") + configuration);
        try (Product product = user.start("run", "--mode", "intercept")) {
          assertThat(product.awaitReady()).contains("linux-iptables");
          post(machine);
          boolean legacy = configuration.contains("iptables-legacy");
          for (String example : readme.in("sh")) {
            String command = legacy ? example.replace("iptables", "iptables-legacy") : example;
            assertThat(machine.run(command).out()).contains("-A TELEPROXY ");
          }
          assertThat(product.stop()).isZero();
        }
        machine.asBefore();
      }
    }
  }

  @Test
  void ofTheDemo() {
    List<String> examples = Examples.of("plugins/demo/README.md").in("sh");
    assertThat(examples.get(0)).isEqualTo("sudo teleproxy demo\n");
    try (PlainMachine machine = new PlainMachine();
        Product product = machine.user("linux-nftables").start("demo")) {
      product.awaitReady();
      Command.Result result =
          machine
              .namespace()
              .enter(Command.of("sh", "-c", examples.get(1)).env("PATH", Product.path()))
              .run();
      assertThat(result.out())
          .contains("Hello from the demo cluster!", "I am the pod db-1.", "tunnel demo");
      assertThat(result.err()).contains("Failed to connect to empty.demo port 80");
    }
  }

  @Test
  void ofKubernetes() {
    try (PlainMachine machine = new PlainMachine();
        Product.User user = machine.user("linux-nftables")) {
      String configuration = Examples.of("plugins/kubernetes/README.md").in("hocon").get(0);
      user.write("teleproxy.conf", configuration);
      assertThat(user.execute("run").err())
          .contains("kubeconfig /home/jane/.kube/staging does not exist");
    }
  }

  private static void post(PlainMachine machine) {
    assertThat(machine.http().post("http://teleproxy/api/tables/", TABLE).status()).isEqualTo(200);
  }
}
