package io.teleproxy.plugin.pf;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Looks after the rules again and again while they are in force. */
final class Upkeep implements AutoCloseable {
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "macos-pf-upkeep");
            thread.setDaemon(true);
            return thread;
          });

  Upkeep(Runnable check, Duration period) {
    timer.scheduleWithFixedDelay(
        check, period.toMillis(), period.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Waits for nothing: who calls it may hold what the check needs. */
  @Override
  public void close() {
    timer.shutdown();
  }
}
