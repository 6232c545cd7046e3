package io.teleproxy.plugin.kubernetes.agent;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * When connections are opened again after a failure: one time at most is noted, each further away
 * than the one before, until something works. Confined to the event loop.
 */
final class LinkRetry {
  private static final long FIRST_BACKOFF_MILLIS = 100;
  private static final long MAX_BACKOFF_MILLIS = 1_000;

  private final EventLoop loop;
  private final Runnable again;
  private long backoffMillis = FIRST_BACKOFF_MILLIS;
  private @Nullable Future<?> noted;

  LinkRetry(EventLoop loop, Runnable again) {
    this.loop = loop;
    this.again = again;
  }

  /** Whether a time is noted. */
  boolean pending() {
    return noted != null;
  }

  void later() {
    long jitter = ThreadLocalRandom.current().nextLong(backoffMillis / 2 + 1);
    in(backoffMillis / 2 + jitter);
    backoffMillis = Math.min(backoffMillis * 2, MAX_BACKOFF_MILLIS);
  }

  void in(long millis) {
    if (noted == null) {
      noted =
          loop.schedule(
              () -> {
                noted = null;
                again.run();
              },
              millis,
              TimeUnit.MILLISECONDS);
    }
  }

  /** What failed works: the next failure is a first one. */
  void reset() {
    backoffMillis = FIRST_BACKOFF_MILLIS;
  }

  /** Forgets the time that is noted. */
  void cancel() {
    if (noted != null) {
      noted.cancel(false);
      noted = null;
    }
  }
}
