package io.teleproxy.plugin.ssh.link;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How much the server may send on one channel before it must wait (RFC 4254 §5.2). Small at first,
 * so that many who do not read hold little; it doubles each time it is refilled for a reader who
 * keeps up, within a budget of the whole tunnel. Thread-safe.
 */
final class ReceiveWindow {
  static final int FIRST = 128 << 10;

  /**
   * Twice what OpenSSH's client gives. Its server reads from the far end as much as the window has
   * room for, into a buffer that is copied whole whenever it grows (sshbuf.c, 9.2): with 32 MiB it
   * took 24 s of its processor for 100 MiB.
   */
  static final int LARGEST = 4 << 20;

  private final AtomicLong budget;

  // guarded by this
  private int size = FIRST;
  private long left = FIRST;
  private long released;
  private boolean closed;

  /**
   * @param budget bytes by which all windows together may still grow
   */
  ReceiveWindow(AtomicLong budget) {
    this.budget = budget;
  }

  /** What the server is told when the channel is opened. */
  int announced() {
    return FIRST;
  }

  /** Bytes have come; false if they were more than allowed. */
  synchronized boolean consume(long length) {
    left -= length;
    return left >= 0;
  }

  /**
   * Bytes have been passed on.
   *
   * @return how much more the server is to be allowed now; 0 for nothing yet
   */
  synchronized long release(int length) {
    released += length;
    if (released < size / 2 || closed) {
      return 0;
    }
    long more = released;
    // All that had come has been passed on: whoever reads could take more at once.
    if (left + released >= size && size < LARGEST && take(size)) {
      more += size;
      size *= 2;
    }
    released = 0;
    left += more;
    return more;
  }

  private boolean take(int bytes) {
    if (budget.addAndGet(-bytes) >= 0) {
      return true;
    }
    budget.addAndGet(bytes);
    return false;
  }

  /** Gives back what it has taken of the budget. */
  synchronized void close() {
    if (!closed) {
      closed = true;
      budget.addAndGet(size - FIRST);
    }
  }
}
