package io.teleproxy.plugin.kubernetes.agent;

import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Which connections to the agent are retired: over a long way, those whose congestion control has
 * made up its mind about it (see {@link LinkLoad}). Retired ones serve those who are on them, and a
 * crowd that is; {@link LinkKeeper} opens others in their place. Confined to the event loop.
 */
final class LinkAging {
  /** With shorter round trips, TCP finds out soon enough how fast the way is by now. */
  private static final long LONG_WAY_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  /** So many at once may be retired and still there; the next have to wait for them. */
  private static final int MOST_RETIRED = 4;

  /** In the long run one is retired in so long a time ... */
  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** ... but so many at once, if none was for a while. */
  private static final int AT_ONCE = 4;

  private long paidUntil = System.nanoTime() - AT_ONCE * PAUSE_NANOS;

  /**
   * Every quarter of a second.
   *
   * @param links all that there are; they go the same way
   */
  void tick(List<AgentLink> links, long now) {
    int present = 0;
    long roundTrip = Long.MAX_VALUE;
    for (AgentLink link : links) {
      present += link.retired() ? 1 : 0;
      long measured = link.roundTripNanos();
      roundTrip = measured == 0 ? roundTrip : Math.min(roundTrip, measured);
    }
    if (roundTrip < LONG_WAY_NANOS) {
      return;
    }
    for (AgentLink link : links) {
      if (present < MOST_RETIRED && isDue(link) && mayPay(now)) {
        link.retire();
        present++;
      }
    }
  }

  private static boolean isDue(AgentLink link) {
    return link.usable() && !link.retired() && link.load().worn();
  }

  private boolean mayPay(long now) {
    long earliest = now - AT_ONCE * PAUSE_NANOS;
    long paid = (paidUntil - earliest < 0 ? earliest : paidUntil) + PAUSE_NANOS;
    if (paid - now > 0) {
      return false;
    }
    paidUntil = paid;
    return true;
  }
}
