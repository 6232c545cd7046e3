package io.teleproxy.plugin.iptables;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * What has to be done again and again while rules are in force: captured nameservers renewed, rules
 * that somebody else has removed made anew.
 */
final class Upkeep implements AutoCloseable {
  /** Several times within {@link RecentList#SECONDS}, so that one may be late. */
  private static final long RENEW_MILLIS = 2000;

  private static final long CHECK_MILLIS = 3000;

  /** Nobody announces changes of sets; a look at them is one short command, whatever their size. */
  private static final long SETS_MILLIS = 2000;

  /** A look at all rules takes time where there are thousands: it is taken less often then. */
  private static final int SHARE = 20;

  private static final long LONGEST_MILLIS = 10_000;

  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "linux-iptables-upkeep");
            thread.setDaemon(true);
            return thread;
          });
  private final Runnable check;

  /**
   * Begins.
   *
   * @param check looks at all rules
   * @param checkSets looks at sets only
   */
  Upkeep(Runnable renew, Runnable check, Runnable checkSets) {
    this.check = check;
    timer.scheduleWithFixedDelay(checkSets, SETS_MILLIS, SETS_MILLIS, TimeUnit.MILLISECONDS);
    timer.scheduleWithFixedDelay(renew, RENEW_MILLIS, RENEW_MILLIS, TimeUnit.MILLISECONDS);
    var unused = timer.schedule(this::check, CHECK_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void check() {
    long start = System.nanoTime();
    check.run();
    long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    if (!timer.isShutdown()) {
      var unused =
          timer.schedule(
              this::check,
              Math.min(LONGEST_MILLIS, Math.max(CHECK_MILLIS, took * SHARE)),
              TimeUnit.MILLISECONDS);
    }
  }

  /** Waits for nothing: who calls it may hold what the tasks need. */
  @Override
  public void close() {
    timer.shutdown();
  }
}
