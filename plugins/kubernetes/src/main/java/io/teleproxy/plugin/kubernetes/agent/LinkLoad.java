package io.teleproxy.plugin.kubernetes.agent;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * What a connection has to carry: of late, and all in all as far as the sender's congestion control
 * still goes by it. Confined to the event loop.
 */
final class LinkLoad {
  /** Who carried so many bytes of late has somebody on it who wants it for himself. */
  private static final int BULK_BYTES = 1024 * 1024;

  /** Up to here it counts as doing nothing. */
  private static final int REST_BYTES = 64 * 1024;

  /** A stream counts as so many of late: it is seen for three ticks, before its bytes tell. */
  private static final int YOUTH = 4;

  /** So many streams in so short a time are a crowd, in whose company another one costs less. */
  private static final int CROWD = 8;

  private static final long TOGETHER_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** What a stream that carries nothing takes in frames and records of TLS, about. */
  private static final int STREAM_BYTES = 512;

  /**
   * So much in some seconds, and the congestion control has made up its mind how fast the way is.
   * What that says of many small answers, or of one whose window was small at first, holds for
   * seconds (BBR) or until the next loss (CUBIC).
   */
  private static final int WORN_BYTES = 256 * 1024;

  /** Of each tick: after a minute of light use next to nothing is left of what was before. */
  private static final int FORGETTING = 64;

  private final long[] openings = new long[CROWD];
  private long carried;
  private long opened;
  private int oldest;
  private long wear;
  private boolean worn;

  LinkLoad() {
    Arrays.fill(openings, System.nanoTime() - TOGETHER_NANOS);
  }

  void carried(int bytes) {
    carried += bytes;
    wear(bytes);
  }

  void opened() {
    opened += YOUTH;
    openings[oldest] = System.nanoTime();
    oldest = (oldest + 1) % CROWD;
    wear(STREAM_BYTES);
  }

  private void wear(int bytes) {
    wear += bytes;
    worn |= wear > WORN_BYTES;
  }

  /** Every quarter of a second. */
  void tick() {
    carried /= 2;
    opened /= 2;
    wear -= wear / FORGETTING;
  }

  /** Whether next to nothing has happened of late. */
  boolean resting() {
    return opened == 0 && carried < REST_BYTES;
  }

  /** Whether a new stream is better off elsewhere. */
  boolean bulk() {
    return carried >= BULK_BYTES;
  }

  /** Whether many streams have just been opened here. */
  boolean crowded() {
    return System.nanoTime() - openings[oldest] < TOGETHER_NANOS;
  }

  /** Of late. */
  long streams() {
    return opened;
  }

  /** Of late. */
  long bytes() {
    return carried;
  }

  /** Whether it has ever carried so much that a new connection would be faster over a long way. */
  boolean worn() {
    return worn;
  }
}
