package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * What tests need of the machine. Where it is missing they are skipped with the reason; with {@code
 * TELEPROXY_TEST_STRICT} set, as in CI, they fail.
 */
final class Requirements {
  private static final Duration INSTALLATION = Duration.ofMinutes(3);
  private static final boolean STRICT = System.getenv("TELEPROXY_TEST_STRICT") != null;

  private Requirements() {}

  /** Root, and the tools with which every test here makes and inspects its machines. */
  static void privileged() {
    met(isRoot(), "needs root");
    programs("ip", "iptables-save", "ip6tables-save", "nft", "setpriv", "curl", "dig");
  }

  static void programs(String... names) {
    List<String> missing = Arrays.stream(names).filter(name -> !installed(name)).toList();
    met(missing.isEmpty(), "needs programs that are not installed: " + String.join(", ", missing));
  }

  /**
   * A program that may still be being installed beside the build: CI does that with what takes
   * long. Waits for it there; elsewhere it is there or not.
   */
  static void programInTime(String name, String... proof) {
    if (STRICT) {
      Command runs = Command.of(name).and(proof);
      await(name + " is installed")
          .atMost(INSTALLATION)
          .pollInterval(Duration.ofSeconds(1))
          .until(() -> installed(name) && runs.run().exit() == 0);
    }
    programs(name);
  }

  static void met(boolean condition, String otherwise) {
    if (STRICT) {
      assertThat(condition).as(otherwise).isTrue();
    } else {
      Assumptions.assumeTrue(condition, otherwise);
    }
  }

  static boolean installed(String program) {
    String path = System.getenv("PATH") + ":/usr/sbin:/sbin";
    return Stream.of(path.split(":")).anyMatch(dir -> Files.isExecutable(Path.of(dir, program)));
  }

  private static boolean isRoot() {
    return Command.of("id", "-u").run().out().trim().equals("0");
  }
}
