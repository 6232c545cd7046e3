package io.teleproxy.agent.wire;

import java.util.concurrent.atomic.AtomicInteger;

/** Bytes by which the streams of a process may enlarge their windows, all together. Thread-safe. */
public final class WindowBudget {
  private final AtomicInteger left;

  public WindowBudget(int bytes) {
    left = new AtomicInteger(bytes);
  }

  /** Takes as much as is wanted, or what is left. */
  int take(int wanted) {
    int before = left.getAndUpdate(now -> now - Math.min(now, wanted));
    return Math.min(before, wanted);
  }

  void release(int bytes) {
    left.addAndGet(bytes);
  }
}
