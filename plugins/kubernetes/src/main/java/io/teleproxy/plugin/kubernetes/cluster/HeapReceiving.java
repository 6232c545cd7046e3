package io.teleproxy.plugin.kubernetes.cluster;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;

/**
 * Receives into arrays. The JDK's AES-GCM deciphers an array in one go with the processor's own
 * instructions, but copies a direct buffer in pieces of 1 KiB, and calls them for each (JDK 17 to
 * 25, {@code GHASH.processBlocksDirect}): that was half of the time of a download.
 */
final class HeapReceiving implements RecvByteBufAllocator {
  /** Some records of TLS, 16 KiB each. */
  private static final int MOST = 128 * 1024;

  private final AdaptiveRecvByteBufAllocator sizes =
      new AdaptiveRecvByteBufAllocator(1024, 16 * 1024, MOST);

  @Override
  @SuppressWarnings("deprecation") // the interface has no other; netty calls it for each channel
  public Handle newHandle() {
    return new DelegatingHandle(sizes.newHandle()) {
      @Override
      public ByteBuf allocate(ByteBufAllocator alloc) {
        return alloc.heapBuffer(guess());
      }
    };
  }
}
