package io.teleproxy.plugin.kubernetes.api;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The body of an answer, from the event loop that receives it to the thread that reads it. A reader
 * that is slow makes the sender wait.
 */
final class ResponseBody extends InputStream {
  /** With more than that unread, nothing more is received; from half of it on again. */
  private static final int MOST_UNREAD = 512 * 1024;

  /** What the connection does for its body. */
  interface Source {
    /** Whether bytes are wanted. */
    void receive(boolean wanted);

    /** The rest is not wanted. */
    void abandon();
  }

  private final Source source;
  private final long idleNanos;

  // guarded by this
  private final Deque<byte[]> chunks = new ArrayDeque<>();
  private int position;
  private int unread;
  private boolean paused;
  private boolean ended;
  private boolean closed;
  private @Nullable IOException broken;

  /**
   * @param idleMillis a read that waits longer than that fails
   */
  ResponseBody(Source source, long idleMillis) {
    this.source = source;
    this.idleNanos = TimeUnit.MILLISECONDS.toNanos(idleMillis);
  }

  /** More of it has come. */
  synchronized void add(byte[] bytes) {
    if (closed || bytes.length == 0) {
      return;
    }
    chunks.add(bytes);
    unread += bytes.length;
    if (unread > MOST_UNREAD && !paused) {
      paused = true;
      source.receive(false);
    }
    notifyAll();
  }

  /** All of it has come. */
  synchronized void end() {
    ended = true;
    notifyAll();
  }

  /** No more will come, and it is not all. */
  synchronized void fail(IOException cause) {
    if (!ended && broken == null) {
      broken = cause;
      notifyAll();
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public synchronized int read(byte[] into, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    await();
    byte[] first = chunks.peek();
    if (first == null) {
      return -1;
    }
    int count = Math.min(length, first.length - position);
    System.arraycopy(first, position, into, offset, count);
    position += count;
    unread -= count;
    if (position == first.length) {
      chunks.remove();
      position = 0;
    }
    if (paused && unread < MOST_UNREAD / 2) {
      paused = false;
      source.receive(true);
    }
    return count;
  }

  /** Returns when there is something to read, or nothing will ever be. */
  private void await() throws IOException {
    long deadline = System.nanoTime() + idleNanos;
    while (chunks.isEmpty() && !ended) {
      if (closed) {
        throw new IOException("closed");
      }
      if (broken != null) {
        throw new IOException(broken.getMessage(), broken);
      }
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        throw new IOException(
            "nothing came for " + TimeUnit.NANOSECONDS.toSeconds(idleNanos) + " s");
      }
      try {
        TimeUnit.NANOSECONDS.timedWait(this, left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted");
      }
    }
  }

  @Override
  public synchronized int available() {
    return unread;
  }

  /** May be called by another thread, whose read then fails. */
  @Override
  public void close() {
    boolean rest;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      rest = !ended;
      chunks.clear();
      unread = 0;
      notifyAll();
    }
    if (rest) {
      source.abandon();
    }
  }
}
