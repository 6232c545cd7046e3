package io.teleproxy.app;

import io.teleproxy.net.OpenFiles;
import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Says when this process has nearly as many files open as it may: each connection takes some, and
 * beyond the limit new ones wait. Nothing is said before that has happened.
 */
final class OpenFilesWatch implements AutoCloseable {
  private static final long PERIOD_MILLIS = 1000;

  private final Consumer<Health> health;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "open-files");
            thread.setDaemon(true);
            return thread;
          });

  /** Touched by the watching thread only. */
  private boolean told;

  private OpenFilesWatch(Consumer<Health> health) {
    this.health = health;
  }

  /** Looks from now on, where the system tells. */
  static OpenFilesWatch begin(Consumer<Health> health) {
    return begin(health, OpenFiles::now, PERIOD_MILLIS);
  }

  static OpenFilesWatch begin(
      Consumer<Health> health, Supplier<Optional<OpenFiles>> files, long periodMillis) {
    OpenFilesWatch watch = new OpenFilesWatch(health);
    if (files.get().isPresent()) {
      watch.timer.scheduleWithFixedDelay(
          () -> files.get().ifPresent(watch::look),
          periodMillis,
          periodMillis,
          TimeUnit.MILLISECONDS);
    }
    return watch;
  }

  private void look(OpenFiles files) {
    if (!told && files.open() * 10 >= files.limit() * 9) {
      told = true;
      health.accept(
          Health.degraded(
                  "more than nine tenths of the "
                      + files.limit()
                      + " files that it may open are open, most of them for connections; beyond,"
                      + " new ones wait, and some are reset",
                  "Close connections; or raise the limit (ulimit -Hn; LimitNOFILE= of a service)"
                      + " and start teleproxy again.")
              .because(Cause.TOO_MANY_OPEN_FILES));
    } else if (told && files.open() * 10 < files.limit() * 8) {
      told = false;
      health.accept(Health.ready());
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
