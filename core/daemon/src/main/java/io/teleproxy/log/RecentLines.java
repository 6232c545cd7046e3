package io.teleproxy.log;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * The last lines of the log, for a bug report: nothing is written to disk, and a terminal forgets.
 * Any thread.
 */
public final class RecentLines {
  private static final int MOST = 300;

  /** A stack trace is longer, and need not be complete. */
  private static final int LONGEST = 2_000;

  private static final Deque<String> LINES = new ArrayDeque<>();

  private RecentLines() {}

  static void keep(String line) {
    String kept = line.length() <= LONGEST ? line : line.substring(0, LONGEST);
    synchronized (LINES) {
      LINES.addLast(kept.stripTrailing());
      if (LINES.size() > MOST) {
        LINES.removeFirst();
      }
    }
  }

  /** Oldest first. */
  public static List<String> all() {
    synchronized (LINES) {
      return List.copyOf(LINES);
    }
  }
}
