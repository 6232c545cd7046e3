package io.teleproxy.plugin.kubernetes.watch;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** How long to wait after a failure: doubled each time up to a limit, with jitter of a half. */
final class Backoff {
  private static final long FIRST = 200;

  /** For a server that answers, and has trouble. */
  private static final long LAST = 10_000;

  /** While there is nobody whom it could trouble: what has changed is to be seen soon after. */
  private static final long LAST_UNREACHED = 2_000;

  private int failures;

  Duration next() {
    return next(LAST);
  }

  Duration nextUnreached() {
    return next(LAST_UNREACHED);
  }

  private Duration next(long most) {
    long limit = Math.min(most, FIRST << Math.min(failures, 10));
    failures++;
    return Duration.ofMillis(limit / 2 + ThreadLocalRandom.current().nextLong(limit / 2 + 1));
  }

  void reset() {
    failures = 0;
  }
}
