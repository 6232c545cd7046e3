package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** The part that needs root and the part that needs the user's credentials, each by itself. */
@InCluster(from = Cluster.Laptop.COLLEAGUES)
class ModesIT {
  @Test
  void anUnprivilegedBridgeServesAnInterceptorThatStartsLater(Cluster cluster) {
    HostState before = HostState.of(cluster.laptop());
    try (Product bridge = bridge(cluster)) {
      Awaitility.await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> bridge.stderr().contains("the intercepting process is not reached"));
      assertThat(bridge.stdout()).doesNotContain("ready");

      try (Product intercept = interceptor(cluster)) {
        intercept.awaitReady();
        bridge.awaitReady();
        // Ready means in force: no waiting here.
        assertThat(new Http(cluster.laptop()).get("http://web/").body())
            .isEqualTo("hello-from-web");

        assertThat(bridge.stop()).as("%s", bridge).isZero();
        assertThat(new Http(cluster.laptop()).curl("http://web/").exit()).isNotZero();
        assertThat(intercept.stop()).as("%s", intercept).isZero();
      }
    }
    assertThat(HostState.of(cluster.laptop()).since(before)).isEmpty();
  }

  @Test
  void aSecondRunIsRefusedAndTheFirstGoesOn(Cluster cluster) {
    try (Product first = cluster.run();
        Product.User other = Product.user(cluster.laptop())) {
      Command.Result second = other.execute("run", "--kubeconfig", cluster.kubeconfig().toString());
      assertThat(second.exit()).isEqualTo(2);
      assertThat(second.err()).contains("another teleproxy", "pid " + first.pid(), "since 20");

      assertThat(new Http(cluster.laptop()).get("http://web/").body()).isEqualTo("hello-from-web");
      assertThat(first.stop()).isZero();
    }
  }

  private static Product interceptor(Cluster cluster) {
    return Product.user(cluster.laptop()).env("SUDO_UID", "65534").start("-mode", "intercept");
  }

  private static Product bridge(Cluster cluster) {
    return Product.user(cluster.laptop())
        .nobody()
        .start("-mode", "bridge", "--kubeconfig", cluster.kubeconfig().toString());
  }
}
