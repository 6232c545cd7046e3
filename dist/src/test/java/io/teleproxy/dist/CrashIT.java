package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** With a cluster behind it: killed or hung, it leaves no trace. For each backend. */
@InCluster(from = Cluster.Laptop.COLLEAGUES)
class CrashIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @ParameterizedTest
  @MethodSource("io.teleproxy.dist.Backend#tested")
  void killedWhileItRunsItLeavesNothing(String backend, Cluster cluster) {
    HostState before = HostState.of(cluster.laptop());
    try (Product product = start(cluster, backend)) {
      use(cluster);

      product.signal("KILL");
      product.exitCode();

      asBefore(cluster, before);
    }
  }

  @ParameterizedTest
  @MethodSource("io.teleproxy.dist.Backend#tested")
  void hungItFailsOpenAndGoesOnWhenItContinues(String backend, Cluster cluster) {
    assumeFalse(backend.equals(Backend.PER_PORT), "programs ask it alone, even if it hangs");
    try (Product product = start(cluster, backend)) {
      use(cluster);

      product.signal("STOP");
      await()
          .atMost(PATIENCE)
          .until(() -> !new Http(cluster.laptop()).dig("www.example.test").isEmpty());

      product.signal("CONT");
      await()
          .atMost(PATIENCE)
          .until(() -> new Http(cluster.laptop()).curl("http://web/").exit() == 0);
      assertThat(product.stop()).as("%s", product).isZero();
    }
  }

  private static Product start(Cluster cluster, String backend) {
    Product product = user(cluster, backend).start(arguments(cluster));
    try {
      product.awaitReady();
      assertThat(product.stdout()).contains(backend);
      return product;
    } catch (RuntimeException | Error e) {
      product.close();
      throw e;
    }
  }

  private static Product.User user(Cluster cluster, String backend) {
    return Product.user(cluster.laptop()).backend(backend);
  }

  private static String[] arguments(Cluster cluster) {
    return new String[] {"run", "--kubeconfig", cluster.kubeconfig().toString()};
  }

  private static void use(Cluster cluster) {
    assertThat(new Http(cluster.laptop()).get("http://web/").body()).isEqualTo("hello-from-web");
  }

  /** How soon that is: {@link DyingIT}. */
  private static void asBefore(Cluster cluster, HostState before) {
    await()
        .atMost(PATIENCE)
        .until(() -> !new Http(cluster.laptop()).dig("www.example.test").isEmpty());
    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(HostState.of(cluster.laptop()).since(before)).isEmpty());
  }
}
