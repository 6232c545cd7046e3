package io.teleproxy.agent.wire;

/**
 * Whether the other end is alive, by what comes from it. A PING (RFC 9113 §6.7) travels with the
 * data, so that what holds the data up is noticed. Confined to the connection's event loop.
 */
final class Pulse {
  /** Silence after which we ask. */
  static final long QUIET_NANOS = 5_000_000_000L;

  /** The same while somebody waits. */
  static final long SHORT_NANOS = QUIET_NANOS / 10;

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

  /**
   * Whether to send a PING now; if so it counts as sent.
   *
   * @param quietNanos for how long nothing has come if it is to be sent
   */
  boolean ask(long now, long quietNanos) {
    if (asked || (now - lastReceived < quietNanos && measured > 0)) {
      return false;
    }
    asked = true;
    askedAt = now;
    return true;
  }

  /** Whether one was asked for; {@link #askedAt} tells when. */
  boolean answered(long now) {
    if (!asked) {
      return false;
    }
    asked = false;
    roundTrips[measured % MEMORY] = now - askedAt;
    measured++;
    return true;
  }

  /** When the last PING was sent. */
  long askedAt() {
    return askedAt;
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
