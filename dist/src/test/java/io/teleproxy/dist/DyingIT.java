package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** However root's part ends, and whenever: the machine is as it was. For each backend. */
@Tag("privileged")
class DyingIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** What is promised for the time from a kill until names resolve. */
  private static final Duration PROMISE = Duration.ofSeconds(1);

  /** The same in look-ups, for a machine that is slower: each of them is a process. */
  private static final int PROMISED_LOOKUPS = 30;

  private PlainMachine machine;
  private Http http;

  @BeforeEach
  void machine() {
    machine = new PlainMachine();
    http = machine.http();
  }

  @AfterEach
  void gone() {
    if (machine != null) {
      machine.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"linux-nftables", "linux-iptables"})
  void killedInAnyPhaseItLeavesNothing(String backend) {
    try (Product product = machine.start(backend)) {
      // Nothing is intercepted yet, and then it is at it.
      await().atMost(PATIENCE).until(() -> product.stderr().contains("chosen="));
      killed(product);
    }
    try (Product product = machine.ready(backend)) {
      machine.use();
      try (Load load = new Load(machine.namespace())) {
        assertThat(load.isRunning()).isTrue();
        kill(product);
      }
      machine.asBefore();
    }
    try (Product product = machine.ready(backend)) {
      long lookup = lookup();
      String pid = Long.toString(product.pid());
      Command.of("sh", "-c", "kill -TERM $0; sleep 0.05; kill -KILL $0 || true", pid).run();
      resolvesWithin(lookup);
      product.exitCode();
      machine.asBefore();
    }
    try (Product product =
        machine.user(backend).behind("setsid").start("run", "--mode", "intercept")) {
      product.awaitReady();
      machine.use();
      long lookup = lookup();
      Command.of("kill", "-KILL", "--", "-" + product.pid()).run().succeeded();
      resolvesWithin(lookup);
      machine.asBefore();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"linux-nftables", "linux-iptables"})
  void whatEvenTheWatchdogLeavesIsRemovedByTheNextStartAndByCleanup(String backend) {
    try (Product product = machine.ready(backend)) {
      machine.use();
      strikeWatchdogAnd(product);
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
  @ValueSource(strings = {"linux-nftables", "linux-iptables"})
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
        post(table("t" + i, 8000));
      }
      assertThat(product.exitCode()).as("%s", product).isNotZero();
      assertThat(product.stdout() + product.stderr()).contains("OutOfMemoryError");
      machine.asBefore();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"linux-nftables", "linux-iptables"})
  void aFullDiskChangesNothing(String backend) {
    String full =
        "mount -t tmpfs -o size=8k tmpfs /mnt && cat /dev/zero >/mnt/zeros 2>/dev/null;"
            + " export TELEPROXY_JAVA_OPTS=-Djava.io.tmpdir=/mnt; exec \"$@\"";
    try (Product product =
        machine
            .user(backend)
            .behind("unshare", "--mount", "sh", "-c", full, "sh")
            .start("run", "--mode", "intercept")) {
      product.awaitReady();
      machine.use();
      assertThat(post(table("many", 2000)).exit()).isZero();
      machine.use();
      killed(product);
    }
  }

  /** A table of many names and addresses. */
  private static String table(String name, int routes) {
    StringBuilder table = new StringBuilder("[{\"name\": \"" + name + "\", \"routes\": [");
    for (int i = 0; i < routes; i++) {
      table.append(i == 0 ? "" : ",").append("{\"name\": \"").append(name).append('-').append(i);
      table.append("\", \"ip\": \"10.7.").append(i / 250).append('.').append(i % 250);
      table.append("\", \"target\": \"1080\"}");
    }
    return table + "]}]";
  }

  private Command.Result post(String tables) {
    return machine
        .namespace()
        .enter(
            Command.of("curl", "-sSf", "--data-binary", "@-", "http://teleproxy/api/tables/")
                .input(tables))
        .run();
  }

  private void killed(Product product) {
    kill(product);
    machine.asBefore();
  }

  private void kill(Product product) {
    long lookup = lookup();
    product.signal("KILL");
    resolvesWithin(lookup);
    product.exitCode();
  }

  /** What the watchdog would do is not done, as after a loss of power with saved rules. */
  private void strikeWatchdogAnd(Product product) {
    List<String> words = new ArrayList<>(List.of("kill", "-KILL"));
    machine.namespace().processes().stream()
        .filter(pid -> !pid.equals(product.pid()))
        .filter(
            pid ->
                ProcessHandle.of(pid)
                    .flatMap(process -> process.info().commandLine())
                    .filter(line -> line.contains("teleproxy-") || line.contains("nft"))
                    .isPresent())
        .forEach(pid -> words.add(Long.toString(pid)));
    assertThat(words).as("no watchdog").hasSizeGreaterThan(2);
    // The daemon first, so that it starts no other; both before either can do anything.
    words.add(2, Long.toString(product.pid()));
    Command.of(words.toArray(String[]::new)).run().succeeded();
    product.exitCode();
  }

  /** How long a look-up takes here and now, in nanoseconds. */
  private long lookup() {
    List<Long> times = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      long start = System.nanoTime();
      assertThat(http.dig("www.example.test", "+tries=3")).contains(Upstream.WWW);
      times.add(System.nanoTime() - start);
    }
    Collections.sort(times);
    return times.get(1);
  }

  private void resolvesWithin(long lookup) {
    long start = System.nanoTime();
    await()
        .atMost(PATIENCE)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(10))
        .until(() -> http.dig("www.example.test", "+timeout=1").contains(Upstream.WWW));
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    Duration limit = Duration.ofNanos(Math.max(PROMISE.toNanos(), PROMISED_LOOKUPS * lookup));
    System.out.printf(
        Locale.ROOT,
        "names resolve %d ms after the kill (limit %d ms, a look-up takes %d ms)%n",
        took.toMillis(),
        limit.toMillis(),
        lookup / 1_000_000);
    assertThat(took).isLessThan(limit);
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
