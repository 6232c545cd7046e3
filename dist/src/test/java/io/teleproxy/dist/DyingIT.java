package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** However root's part ends, and whenever: the machine is as it was. For each backend. */
@Tag("privileged")
@Execution(ExecutionMode.CONCURRENT)
class DyingIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private PlainMachine machine;

  @BeforeEach
  void machine() {
    machine = new PlainMachine();
  }

  @AfterEach
  void gone() {
    if (machine != null) {
      machine.close();
    }
  }

  @ParameterizedTest
  @MethodSource("io.teleproxy.dist.Backend#tested")
  void killedInAnyPhaseItLeavesNothing(String backend) {
    try (Product product = machine.start(backend)) {
      // Nothing is intercepted yet, and then it is at it.
      await().atMost(PATIENCE).until(() -> product.stderr().contains("chosen="));
      killed("KILL", product);
    }
    try (Product product = machine.ready(backend)) {
      machine.use();
      List<Long> processes = machine.processes(product);
      try (Load load = new Load(machine.namespace())) {
        assertThat(load.isRunning()).isTrue();
        Death.by("KILL", machine.namespace(), processes).isAsPromised();
      }
      machine.asBefore();
    }
    try (Product product = machine.ready(backend)) {
      killed("TERM-KILL", product);
    }
    try (Product product =
        machine.user(backend).behind("setsid").start("run", "--mode", "intercept")) {
      product.awaitReady();
      machine.use();
      killed("GROUP", product);
    }
  }

  @ParameterizedTest
  @MethodSource("io.teleproxy.dist.Backend#tested")
  void whatEvenTheWatchdogLeavesIsRemovedByTheNextStartAndByCleanup(String backend) {
    // Every start but the first is one on a dirty machine.
    try (Product product = machine.start(backend)) {
      await()
          .atMost(PATIENCE)
          .until(() -> (product.stderr() + product.stdout()).matches("(?s).*(applied|ready).*"));
      strikeWatchdogAnd(product);
    }
    try (Product product = machine.ready(backend)) {
      machine.use();
      strikeWatchdogAnd(product);
    }
    try (Product product = machine.ready(backend)) {
      product.signal("TERM");
      strikeAll(product);
    }
    try (Product product = machine.ready(backend)) {
      machine.use();
      assertThat(product.stop()).as("%s", product).isZero();
      machine.asBefore();
    }
    try (Product product = machine.ready(backend)) {
      strikeWatchdogAnd(product);
      Command.Result cleanup = product.user().execute("cleanup");
      assertThat(cleanup.exit()).as("%s", cleanup).isZero();
      if (backend.equals("linux-iptables")) {
        assertThat(cleanup.out()).contains("removed: iptables");
      }
      machine.asBefore();
    }
  }

  @ParameterizedTest
  @MethodSource("io.teleproxy.dist.Backend#tested")
  void outOfMemoryItEndsAndLeavesNothing(String backend) {
    try (Product product =
        machine
            .user(backend)
            .env("TELEPROXY_JAVA_OPTS", "-Xmx20m")
            .start("run", "--mode", "intercept")) {
      product.awaitReady();
      machine.use();
      // More and more tables, until they do not fit.
      for (int i = 0; i < 200 && product.isRunning(); i++) {
        post(PlainMachine.table("t" + i, 8000));
      }
      assertThat(product.exitCode()).as("%s", product).isNotZero();
      assertThat(product.stdout() + product.stderr()).contains("OutOfMemoryError");
      machine.asBefore();
    }
  }

  @ParameterizedTest
  @MethodSource("io.teleproxy.dist.Backend#tested")
  void aFullOrReadOnlyDiskChangesNothing(String backend) {
    assumeFalse(backend.equals(Backend.PER_PORT), "it changes no file that it could not note");
    String full =
        "for folder in /mnt /run; do mount -t tmpfs -o size=8k tmpfs $folder;"
            + " cat /dev/zero >$folder/zeros 2>/dev/null; done;";
    String readOnly = "for folder in /run /tmp /var; do mount -o bind,ro $folder $folder; done;";
    for (String disk : List.of(full, readOnly)) {
      String script = disk + " export TELEPROXY_JAVA_OPTS=-Djava.io.tmpdir=/mnt; exec \"$@\"";
      try (Product product =
          machine
              .user(backend)
              .behind("unshare", "--mount", "sh", "-c", script, "sh")
              .start("run", "--mode", "intercept")) {
        product.awaitReady();
        machine.use();
        assertThat(post(PlainMachine.table("many", 2000)).exit()).isZero();
        machine.use();
        killed("KILL", product);
      }
    }
  }

  private Command.Result post(String tables) {
    return machine
        .namespace()
        .enter(
            Command.of("curl", "-sSf", "--data-binary", "@-", "http://teleproxy/api/tables/")
                .input(tables))
        .run();
  }

  private void killed(String how, Product product) {
    Death.by(how, machine.namespace(), machine.processes(product)).isAsPromised();
    machine.asBefore();
  }

  /** What the watchdog would do is not done, as after a loss of power with saved rules. */
  private void strikeWatchdogAnd(Product product) {
    assertThat(machine.processes(product)).as("no watchdog").hasSizeGreaterThan(1);
    strikeAll(product);
  }

  /**
   * Who would clean up is stopped first: between two kills a busy machine leaves it time enough.
   */
  private void strikeAll(Product product) {
    List<String> all = machine.processes(product).stream().map(String::valueOf).toList();
    signal("-STOP", all.subList(1, all.size()));
    signal("-KILL", all);
    product.exitCode();
  }

  /** Some may have ended meanwhile. */
  private static void signal(String which, List<String> processes) {
    if (!processes.isEmpty()) {
      List<String> words = new ArrayList<>(List.of("kill", which));
      words.addAll(processes);
      Command.of(words.toArray(String[]::new)).run();
    }
  }

  /** Look-ups without a pause, of our names and of others. */
  private static final class Load implements AutoCloseable {
    private final Process process;

    Load(Namespace machine) {
      process =
          machine
              .command("sh", "-c", "while :; do dig +time=1 +tries=1 myhost www.example.test; done")
              .start(java.nio.file.Path.of("/dev/null"), java.nio.file.Path.of("/dev/null"));
    }

    boolean isRunning() {
      return process.isAlive();
    }

    @Override
    public void close() {
      process.destroyForcibly();
      process.onExit().join();
    }
  }
}
