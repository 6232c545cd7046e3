package io.teleproxy.agent;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The numbers of the connections that were asked for lately. A client whose way here has fallen
 * silent asks for the same connection over another way: only what arrives first is carried out.
 * Confined to the event loop.
 */
final class SeenAttempts {
  /** A client gives up long before what it sent can arrive so late. */
  private static final long MEMORY_NANOS = TimeUnit.MINUTES.toNanos(2);

  private static final int MOST = 100_000;

  private Set<Long> young = new HashSet<>();
  private Set<Long> old = Set.of();
  private long since = System.nanoTime();

  /**
   * Whether this one was not asked for before.
   *
   * @param number 0 for a connection that is asked for once only
   */
  boolean isNew(long number) {
    if (number == 0) {
      return true;
    }
    long now = System.nanoTime();
    if (now - since > MEMORY_NANOS || young.size() >= MOST) {
      old = young;
      young = new HashSet<>();
      since = now;
    }
    return !old.contains(number) && young.add(number);
  }
}
