package io.teleproxy.spi;

import java.time.Instant;

/**
 * How a component is, as a value that status, doctor and the page only render.
 *
 * @param since when the state began
 * @param reason what is so, in one line; empty when ready
 * @param remedy what the user can do about it; empty when nothing
 * @param cause which of the known things it is
 */
public record Health(State state, Instant since, String reason, String remedy, Cause cause) {
  /** The states of a component. */
  public enum State {
    STARTING,
    READY,
    /** Works, but not fully; mends itself or waits for the user. */
    DEGRADED,
    FAILED,
    STOPPED
  }

  /** Of no known cause, if anything is wrong at all. */
  public Health(State state, Instant since, String reason, String remedy) {
    this(state, since, reason, remedy, isWrong(state) ? Cause.UNKNOWN : Cause.NONE);
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

  /** The same, with its cause named; nothing changes where nothing is wrong. */
  public Health because(Cause known) {
    return isWrong(state) ? new Health(state, since, reason, remedy, known) : this;
  }

  private static boolean isWrong(State state) {
    return state == State.DEGRADED || state == State.FAILED;
  }
}
