package io.teleproxy.dist;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The interceptors of Linux. Tests use the best that applies, and those of how it dies each that is
 * a firewall. With {@code TELEPROXY_TEST_BACKEND} all of them use the one named.
 */
final class Backend {
  static final String PER_PORT = "per-port-fallback";

  private static final List<String> BEST_FIRST =
      List.of("linux-nftables", "linux-iptables", PER_PORT);

  private static final Optional<String> NAMED =
      Optional.ofNullable(System.getenv("TELEPROXY_TEST_BACKEND"));

  private Backend() {}

  /** For tests that do the same with several. */
  static Stream<String> tested() {
    return NAMED.map(Stream::of).orElseGet(() -> BEST_FIRST.stream().limit(2));
  }

  /** What configuration says so that this one is chosen: all that are better are disabled. */
  static String configuration(String backend) {
    int rank = BEST_FIRST.indexOf(backend);
    if (rank < 0) {
      throw new IllegalArgumentException(backend + " (expected: one of " + BEST_FIRST + ")");
    }
    return BEST_FIRST.stream()
        .limit(rank)
        .collect(Collectors.joining(", ", "disabled-plugins = [", "]\n"));
  }

  /** A configuration as it is used where a backend is named for all tests. */
  static String completed(String configuration) {
    return configuration.contains("disabled-plugins")
        ? configuration
        : NAMED.map(Backend::configuration).orElse("") + configuration;
  }

  /** Whether all tests use this one. */
  static boolean isNamed(String backend) {
    return NAMED.filter(backend::equals).isPresent();
  }
}
