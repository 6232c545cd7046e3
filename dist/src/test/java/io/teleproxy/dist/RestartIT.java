package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** {@code run --restart}: a shell stays, and starts again what has died. */
@Tag("privileged")
@Execution(ExecutionMode.CONCURRENT)
class RestartIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @Test
  void whatDiesIsStartedAgainUntilItIsTold() {
    try (PlainMachine machine = new PlainMachine()) {
      try (Product product = start(machine)) {
        machine.use();
        long first = run(machine);
        Command.of("kill", "-KILL", Long.toString(first)).run().succeeded();

        await().atMost(PATIENCE).until(() -> ready(product) == 2);
        assertThat(product.stderr())
            .contains("the run has ended with signal KILL; it is started again in 1 s");
        machine.use();
        assertThat(run(machine)).isNotEqualTo(first);

        // As a terminal does at Control-C.
        Command.of("kill", "-INT", "--", "-" + product.pid()).run().succeeded();
        assertThat(product.exitCode()).as("%s", product).isZero();
        machine.asBefore();
      }
      try (Product product = start(machine)) {
        machine.use();
        assertThat(machine.user("linux-nftables").execute("stop").exit()).isZero();
        assertThat(product.exitCode()).as("stopped on request: %s", product).isZero();
        machine.asBefore();
      }
      try (Product product = start(machine)) {
        machine.use();
        Death.by("KILL", machine.namespace(), machine.processes(product)).isAsPromised();
        machine.asBefore();
        assertThat(ready(product)).isEqualTo(1);
      }
    }
  }

  @Test
  void whatCannotWorkIsNotTriedAgain() {
    try (PlainMachine machine = new PlainMachine()) {
      Command.Result refused =
          machine.user("linux-nftables").execute("run", "--restart", "--mode", "nonsense");
      assertThat(refused.exit()).as("%s", refused).isEqualTo(2);
      assertThat(refused.err()).contains("nonsense").doesNotContain("started again");
      machine.asBefore();
    }
  }

  private static Product start(PlainMachine machine) {
    Product product =
        machine
            .user("linux-nftables")
            .behind("setsid")
            .start("run", "--mode", "intercept", "--restart");
    product.awaitReady();
    return product;
  }

  private static long ready(Product product) {
    return product.stdout().lines().filter(line -> line.startsWith("ready")).count();
  }

  /** The run itself. */
  private static long run(PlainMachine machine) {
    List<Long> runs = machine.namespace().daemons();
    assertThat(runs).hasSize(1);
    return runs.get(0);
  }
}
