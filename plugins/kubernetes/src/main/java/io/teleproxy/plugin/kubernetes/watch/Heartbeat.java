package io.teleproxy.plugin.kubernetes.watch;

import io.teleproxy.plugin.kubernetes.api.ApiClient;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Finds out whether silent connections of watches are dead, as after sleep, and breaks them off.
 * Ends when its thread is interrupted.
 */
final class Heartbeat implements Runnable {
  private static final Duration PERIOD = Duration.ofSeconds(10);
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  /** When the machine has just moved, what does not answer soon is more likely to be dead. */
  private static final Duration MOVED_TIMEOUT = Duration.ofSeconds(2);

  private final ApiClient api;
  private final Runnable resume;
  private final Semaphore moves = new Semaphore(0);

  /**
   * @param resume lets watches that wait for their next attempt go on at once
   */
  Heartbeat(ApiClient api, Runnable resume) {
    this.api = api;
    this.resume = resume;
  }

  /** The machine has moved to another network. Any thread. */
  void moved() {
    moves.release();
  }

  @Override
  public void run() {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        boolean moved = moves.tryAcquire(PERIOD.toMillis(), TimeUnit.MILLISECONDS);
        if (moved) {
          moves.drainPermits();
          resume.run();
          api.leave();
        }
        if (!api.alive(moved ? MOVED_TIMEOUT : TIMEOUT)) {
          api.reset();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
