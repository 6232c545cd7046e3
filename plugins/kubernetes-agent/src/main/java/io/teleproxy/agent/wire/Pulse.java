package io.teleproxy.agent.wire;

/**
 * Whether the other end is alive, by what comes from it. A PING (RFC 9113 §6.7) travels with the
 * data, so that what holds the data up is noticed. Confined to the connection's event loop.
 */
final class Pulse {
  /** Silence after which we ask. */
  private static final long QUIET_NANOS = 5_000_000_000L;

  /** Of the shortest round trips that are kept, the oldest is forgotten after so many newer. */
  private static final int MEMORY = 8;

  private final long[] roundTrips = new long[MEMORY];
  private int measured;
  private long lastReceived = System.nanoTime();
  private boolean asked;
  private long askedAt;

  /** Something came. */
  void received(long now) {
    lastReceived = now;
  }

  /** Whether to send a PING now; if so it counts as sent. */
  boolean ask(long now, boolean soon) {
    long quiet = soon ? QUIET_NANOS / 10 : QUIET_NANOS;
    if (asked || (now - lastReceived < quiet && measured > 0)) {
      return false;
    }
    asked = true;
    askedAt = now;
    return true;
  }

  void answered(long now) {
    if (asked) {
      asked = false;
      roundTrips[measured % MEMORY] = now - askedAt;
      measured++;
    }
  }

  /** The shortest of the last round trips; 0 before the first. */
  long roundTripNanos() {
    long shortest = 0;
    for (int i = 0; i < Math.min(measured, MEMORY); i++) {
      shortest = shortest == 0 ? roundTrips[i] : Math.min(shortest, roundTrips[i]);
    }
    return shortest;
  }

  /** For how long an answer has been due with nothing coming at all; 0 if none is due. */
  long silentNanos(long now) {
    return asked ? now - Math.max(lastReceived, askedAt) : 0;
  }
}
