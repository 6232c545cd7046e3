package io.teleproxy.agent.wire;

import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2LocalFlowController;
import io.netty.handler.codec.http2.Http2Stream;
import org.jspecify.annotations.Nullable;

/**
 * How much each stream of a connection may have on its way to us (RFC 9113 §5.2). Every stream
 * begins with a small window; one whose reader keeps up with what a round trip brings gets a larger
 * one, up to the bandwidth-delay product of 1 Gbit/s over 200 ms. What all streams have beyond
 * their first window comes out of one budget, so that readers which stall hold little memory.
 * Confined to the connection's event loop, but for the budget.
 */
final class ReceiveWindows {
  /** Of every stream at first. */
  static final int FIRST = 128 * 1024;

  /** 1 Gbit/s for 200 ms are 25 MB. */
  static final int LARGEST = 32 * 1024 * 1024;

  private static final int GROWTH = 4;

  /** A reader this fast may have more even where a round trip takes no time. */
  private static final long SHORTEST_ROUND_TRIP_NANOS = 1_000_000;

  private static final class Reading {
    private int window = FIRST;
    private int sinceMark;
    private long mark = System.nanoTime();
  }

  private final Http2Connection.PropertyKey key;
  private final Http2LocalFlowController windows;
  private final WindowBudget budget;

  ReceiveWindows(Http2Connection connection, WindowBudget budget) {
    this.key = connection.newKey();
    this.windows = connection.local().flowController();
    this.budget = budget;
  }

  /**
   * Bytes of this stream have been read.
   *
   * @return whether a frame for the sender was written
   */
  boolean consumed(Http2Stream stream, int bytes, long roundTripNanos) throws Http2Exception {
    Reading reading = stream.getProperty(key);
    if (reading == null) {
      reading = new Reading();
      stream.setProperty(key, reading);
    }
    boolean written = windows.consumeBytes(stream, bytes);
    reading.sinceMark += bytes;
    if (reading.sinceMark >= reading.window / 2) {
      long now = System.nanoTime();
      long elapsed = now - reading.mark;
      reading.mark = now;
      reading.sinceMark = 0;
      if (elapsed < 2 * Math.max(roundTripNanos, SHORTEST_ROUND_TRIP_NANOS)) {
        written |= grow(stream, reading);
      }
    }
    return written;
  }

  /** The stream is over: what it had is for others. */
  void released(Http2Stream stream) {
    @Nullable Reading reading = stream.removeProperty(key);
    if (reading != null) {
      budget.release(reading.window - FIRST);
    }
  }

  private boolean grow(Http2Stream stream, Reading reading) throws Http2Exception {
    int wanted = Math.min(reading.window * (GROWTH - 1), LARGEST - reading.window);
    int granted = budget.take(wanted);
    if (granted <= 0 || stream.state().remoteSideOpen() == false) {
      budget.release(granted);
      return false;
    }
    reading.window += granted;
    windows.incrementWindowSize(stream, granted);
    return true;
  }
}
