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

  /** In so many ticks the bytes of a stream tell whether it carries much. */
  private static final int YOUTH = 3;

  /** What is opened within so short a time is opened together. */
  static final long TOGETHER_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** Up to so many streams that are opened together are counted. */
  private static final int COMPANY = 8;

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

  private final long[] openings = new long[COMPANY];

  /** How many streams there are that are young, by age in ticks. */
  private final int[] young = new int[YOUTH];

  /** The last id that was given now, and at each of the last ticks. */
  private final int[] lastIds = new int[YOUTH + 1];

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

  /**
   * A stream was opened.
   *
   * @param id greater than those before
   */
  void opened(int id) {
    opened++;
    young[0]++;
    lastIds[0] = id;
    openings[oldest] = System.nanoTime();
    oldest = (oldest + 1) % COMPANY;
    wear(STREAM_BYTES);
  }

  /** A stream is over. */
  void ended(int id) {
    for (int age = 0; age < YOUTH; age++) {
      if (id > lastIds[age + 1]) {
        young[age]--;
        return;
      }
    }
  }

  private void wear(int bytes) {
    wear += bytes;
    worn |= wear > WORN_BYTES;
  }

  /** Every quarter of a second. */
  void tick() {
    carried /= 2;
    opened /= 2;
    System.arraycopy(lastIds, 0, lastIds, 1, YOUTH);
    System.arraycopy(young, 0, young, 1, YOUTH - 1);
    young[0] = 0;
    wear -= wear / FORGETTING;
  }

  /** Whether next to nothing has happened of late. */
  boolean resting() {
    return opened == 0 && carried < REST_BYTES && young() == 0;
  }

  /** Whether a new stream is better off elsewhere. */
  boolean bulk() {
    return carried >= BULK_BYTES;
  }

  /** How many streams have just been opened, up to {@link #COMPANY}. */
  int openedTogether(long now) {
    int together = 0;
    for (long opening : openings) {
      together += now - opening < TOGETHER_NANOS ? 1 : 0;
    }
    return together;
  }

  /** How many streams have been opened of late. */
  long opened() {
    return opened;
  }

  /** How many streams there are of which nobody knows yet what they will carry. */
  int young() {
    int sum = 0;
    for (int each : young) {
      sum += each;
    }
    return sum;
  }

  /** Bytes carried of late. */
  long carried() {
    return carried;
  }

  /** Whether it has ever carried so much that a new connection would be faster over a long way. */
  boolean worn() {
    return worn;
  }
}
