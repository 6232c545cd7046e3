package io.teleproxy.dns;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * The running counts behind {@link DnsCounters}. Counted by all event loops, read by any thread.
 */
final class DnsMeters {
  final LongAdder queries = new LongAdder();
  final LongAdder local = new LongAdder();
  final LongAdder relayed = new LongAdder();
  final LongAdder failed = new LongAdder();
  final LongAdder malformed = new LongAdder();
  private final AtomicInteger inFlight = new AtomicInteger();

  /** Takes one of so many places for what is in flight; false if all are taken. */
  boolean enter(int places) {
    if (inFlight.incrementAndGet() > places) {
      inFlight.decrementAndGet();
      return false;
    }
    return true;
  }

  void leave() {
    inFlight.decrementAndGet();
  }

  DnsCounters read() {
    return new DnsCounters(
        queries.sum(), local.sum(), relayed.sum(), failed.sum(), malformed.sum(), inFlight.get());
  }
}
