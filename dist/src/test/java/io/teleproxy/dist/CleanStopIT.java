package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** After the end the machine is as it was before the start. */
@InCluster(from = Cluster.Laptop.COLLEAGUES)
class CleanStopIT {
  @ParameterizedTest
  @ValueSource(strings = {"TERM", "INT"})
  void aSignalStopsItWithoutATrace(String signal, Cluster cluster) {
    HostState before = HostState.of(cluster.laptop());
    try (Product product = cluster.run()) {
      use(cluster);
      assertThat(HostState.of(cluster.laptop()).since(before)).as("while it runs").isNotEmpty();

      long start = System.nanoTime();
      product.signal(signal);
      assertThat(product.exitCode()).as("%s", product).isZero();
      System.out.printf(
          "stopped by %s in %d ms%n", signal, (System.nanoTime() - start) / 1_000_000);

      assertThat(HostState.of(cluster.laptop()).since(before)).isEmpty();
    }
    assertThat(new Http(cluster.laptop()).curl("http://web/").exit()).isNotZero();
  }

  @Test
  void theApiStopsItWithoutATrace(Cluster cluster) {
    HostState before = HostState.of(cluster.laptop());
    try (Product product = cluster.run()) {
      use(cluster);

      assertThat(new Http(cluster.laptop()).get("http://teleproxy/api/shutdown").status())
          .isEqualTo(200);
      assertThat(product.exitCode()).as("%s", product).isZero();

      assertThat(HostState.of(cluster.laptop()).since(before)).isEmpty();
    }
  }

  @Test
  void theStopCommandStopsItWithoutATrace(Cluster cluster) {
    HostState before = HostState.of(cluster.laptop());
    try (Product product = cluster.run()) {
      assertThat(product.user().execute("stop").exit()).isZero();
      assertThat(product.exitCode()).as("%s", product).isZero();

      assertThat(HostState.of(cluster.laptop()).since(before)).isEmpty();
    }
  }

  @Test
  void whatAKilledRunLeftIsRemovedByTheNext(Cluster cluster) {
    HostState before = HostState.of(cluster.laptop());
    try (Product killed = cluster.run()) {
      killed.signal("KILL");
      killed.exitCode();
    }
    try (Product product = cluster.run()) {
      use(cluster);
      assertThat(product.stop()).isZero();
    }
    assertThat(HostState.of(cluster.laptop()).since(before)).isEmpty();
  }

  private static void use(Cluster cluster) {
    assertThat(new Http(cluster.laptop()).get("http://web/").body()).isEqualTo("hello-from-web");
  }
}
