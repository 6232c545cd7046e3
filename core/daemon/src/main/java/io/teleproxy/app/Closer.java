package io.teleproxy.app;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CancellationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes what was opened, last first. Every close runs, whatever the others do; what fails is
 * logged. Closing twice does nothing. Any thread.
 */
final class Closer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Closer.class);

  private final Deque<Step> steps = new ArrayDeque<>();

  /** Held while closing, so that a second caller returns only when all is closed. */
  private final Object closing = new Object();

  private boolean closed;

  private record Step(String name, AutoCloseable close) {}

  /**
   * Adds something to close; returns it.
   *
   * @throws CancellationException if everything has been closed already; so has this then
   */
  <T extends AutoCloseable> T add(String name, T closeable) {
    Step step = new Step(name, closeable);
    synchronized (this) {
      if (!closed) {
        steps.push(step);
        return closeable;
      }
    }
    close(step);
    throw new CancellationException("stopped while starting " + name);
  }

  /** Whether closing has begun. */
  synchronized boolean isClosed() {
    return closed;
  }

  /** Closes everything in reverse order. */
  @Override
  public void close() {
    synchronized (closing) {
      while (true) {
        Step step;
        synchronized (this) {
          closed = true;
          step = steps.poll();
        }
        if (step == null) {
          return;
        }
        close(step);
      }
    }
  }

  private static void close(Step step) {
    long start = System.nanoTime();
    try {
      step.close().close();
      log.debug("stop: {} in {} ms", step.name(), (System.nanoTime() - start) / 1_000_000);
    } catch (Throwable e) {
      log.error("{} did not stop cleanly", step.name(), e);
    }
  }
}
