package io.teleproxy.spi;

import java.time.Instant;

/**
 * How a component is, as a value that status, doctor and the page only render.
 *
 * @param since when the state began
 * @param reason what is so, in one line; empty when ready
 * @param remedy what the user can do about it; empty when nothing
 */
public record Health(State state, Instant since, String reason, String remedy) {
  /** The states of a component. */
  public enum State {
    STARTING,
    READY,
    /** Works, but not fully; mends itself or waits for the user. */
    DEGRADED,
    FAILED,
    STOPPED
  }

  public static Health starting(String reason) {
    return new Health(State.STARTING, Instant.now(), reason, "");
  }

  public static Health ready() {
    return new Health(State.READY, Instant.now(), "", "");
  }

  public static Health degraded(String reason, String remedy) {
    return new Health(State.DEGRADED, Instant.now(), reason, remedy);
  }

  public static Health failed(String reason, String remedy) {
    return new Health(State.FAILED, Instant.now(), reason, remedy);
  }

  public static Health stopped() {
    return new Health(State.STOPPED, Instant.now(), "", "");
  }
}
