package io.teleproxy.app;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes what was opened, last first. Every close runs, whatever the others do; what fails is
 * logged. Closing twice does nothing. Any thread.
 */
final class Closer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Closer.class);

  private final Deque<Step> steps = new ArrayDeque<>();
  private boolean clean = true;

  private record Step(String name, AutoCloseable close) {}

  /** Adds something to close; returns it. */
  synchronized <T extends AutoCloseable> T add(String name, T closeable) {
    steps.push(new Step(name, closeable));
    return closeable;
  }

  /** Closes everything in reverse order. */
  @Override
  public void close() {
    while (true) {
      Step step;
      synchronized (this) {
        step = steps.poll();
      }
      if (step == null) {
        return;
      }
      try {
        step.close().close();
      } catch (Throwable e) {
        synchronized (this) {
          clean = false;
        }
        log.error("{} did not stop cleanly", step.name(), e);
      }
    }
  }

  /** Whether every close so far succeeded. */
  synchronized boolean clean() {
    return clean;
  }
}
