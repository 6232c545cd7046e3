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
  final AtomicInteger inFlight = new AtomicInteger();

  DnsCounters read() {
    return new DnsCounters(
        queries.sum(), local.sum(), relayed.sum(), failed.sum(), malformed.sum(), inFlight.get());
  }
}
