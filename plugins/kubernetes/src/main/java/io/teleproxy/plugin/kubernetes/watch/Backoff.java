package io.teleproxy.plugin.kubernetes.watch;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** How long to wait after a failure: doubled each time up to a limit, with jitter of a half. */
final class Backoff {
  private static final long FIRST = 200;
  private static final long LAST = 10_000;

  private int failures;

  Duration next() {
    long limit = Math.min(LAST, FIRST << Math.min(failures, 10));
    failures++;
    return Duration.ofMillis(limit / 2 + ThreadLocalRandom.current().nextLong(limit / 2 + 1));
  }

  void reset() {
    failures = 0;
  }
}
