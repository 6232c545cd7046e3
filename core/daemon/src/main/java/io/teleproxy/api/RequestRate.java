package io.teleproxy.api;

/**
 * How many requests are served in a while: a bucket of tokens, filled at a steady rate.
 * Thread-safe.
 */
final class RequestRate {
  private final double perNano;
  private final double burst;
  private double tokens;
  private long last;

  RequestRate(int perSecond, int burst, long now) {
    this.perNano = perSecond / 1e9;
    this.burst = burst;
    this.tokens = burst;
    this.last = now;
  }

  /**
   * Whether one more is served.
   *
   * @param now nanoseconds, of any origin
   */
  synchronized boolean take(long now) {
    tokens = Math.min(burst, tokens + (now - last) * perNano);
    last = now;
    if (tokens < 1) {
      return false;
    }
    tokens--;
    return true;
  }
}
