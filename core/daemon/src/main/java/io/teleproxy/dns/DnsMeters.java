package io.teleproxy.dns;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * The running counts behind {@link DnsCounters}, and those of the last seconds. Counted by all
 * event loops, read by any thread.
 */
final class DnsMeters {
  /** A place for each second, used again and again; more than {@link DnsRates#SECONDS}. */
  private static final int PLACES = 16;

  /** What is counted of a query. */
  static final int QUERY = 0;

  static final int LOCAL = 1;
  static final int RELAYED = 2;
  static final int FAILED = 3;
  static final int MALFORMED = 4;
  private static final int COUNTS = 5;

  private static final long ORIGIN = System.nanoTime();

  private final LongAdder[] totals = new LongAdder[COUNTS];

  /** Which second each place holds. */
  private final AtomicLongArray seconds = new AtomicLongArray(PLACES);

  private final AtomicLongArray recent = new AtomicLongArray(PLACES * COUNTS);
  private final AtomicInteger inFlight = new AtomicInteger();

  DnsMeters() {
    for (int i = 0; i < COUNTS; i++) {
      totals[i] = new LongAdder();
    }
  }

  void count(int what) {
    count(what, now());
  }

  void count(int what, long second) {
    totals[what].increment();
    int place = (int) (second % PLACES);
    long held = seconds.get(place);
    // Of two loops that find an old second one clears it; what the other counts meanwhile is lost.
    if (held != second && seconds.compareAndSet(place, held, second)) {
      for (int i = 0; i < COUNTS; i++) {
        recent.set(place * COUNTS + i, 0);
      }
    }
    recent.incrementAndGet(place * COUNTS + what);
  }

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
        total(QUERY),
        total(LOCAL),
        total(RELAYED),
        total(FAILED),
        total(MALFORMED),
        inFlight.get());
  }

  DnsRates rates() {
    return rates(now());
  }

  /** Of the seconds before this one, which is not over. */
  DnsRates rates(long second) {
    long[] sums = new long[COUNTS];
    for (int place = 0; place < PLACES; place++) {
      long age = second - seconds.get(place);
      if (age >= 1 && age <= DnsRates.SECONDS) {
        for (int i = 0; i < COUNTS; i++) {
          sums[i] += recent.get(place * COUNTS + i);
        }
      }
    }
    double span = DnsRates.SECONDS;
    return new DnsRates(
        sums[QUERY] / span,
        sums[LOCAL] / span,
        sums[RELAYED] / span,
        (sums[FAILED] + sums[MALFORMED]) / span);
  }

  private long total(int what) {
    return totals[what].sum();
  }

  /** Never negative, and never 0, which unused places hold. */
  private static long now() {
    return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - ORIGIN) + PLACES;
  }
}
