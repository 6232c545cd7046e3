package io.teleproxy.plugin.kubernetes.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.teleproxy.plugin.kubernetes.portforward.Carrier;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How much a flow has under way, and whether more is welcome. {@link #take} and {@link #writable}
 * are the writer's, {@link #sent} is the event loop's.
 */
final class WriteBudget {
  /** With so many bytes under way the writer should pause ... */
  private static final int HIGH_WATER = 256 * 1024;

  /** ... and with so few go on. */
  private static final int LOW_WATER = 64 * 1024;

  private static final int MAX_FRAME = 32 * 1024;

  private final AtomicInteger underWay = new AtomicInteger();
  private volatile boolean blocked;

  /** Copies the next bytes, with {@link Carrier#HEADROOM} in front, and counts them. */
  ByteBuf take(ByteBuffer data) {
    int length = Math.min(data.remaining(), MAX_FRAME);
    ByteBuf frame = ByteBufAllocator.DEFAULT.heapBuffer(Carrier.HEADROOM + length);
    frame.writeZero(Carrier.HEADROOM);
    int limit = data.limit();
    data.limit(data.position() + length);
    frame.writeBytes(data);
    data.limit(limit);
    underWay.addAndGet(length);
    return frame;
  }

  boolean writable() {
    if (underWay.get() < HIGH_WATER) {
      return true;
    }
    blocked = true;
    // All of it may have left before the loop could see the flag.
    return underWay.get() <= LOW_WATER;
  }

  /** These bytes are gone; true if a writer that was told to pause should hear so. */
  boolean sent(int length) {
    int left = underWay.addAndGet(-length);
    if (blocked && left <= LOW_WATER) {
      blocked = false;
      return true;
    }
    return false;
  }
}
