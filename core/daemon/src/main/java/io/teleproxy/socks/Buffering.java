package io.teleproxy.socks;

import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;

/** How much may wait, in sockets that relay and in front of those that listen. */
public final class Buffering {
  /**
   * Per connection and direction: above the upper mark the other side is no longer read. Together
   * with one receive buffer it bounds what a stalled connection holds.
   */
  public static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(128 * 1024, 256 * 1024);

  /** Above the kernel's default limit (net.core.somaxconn), which cuts it as it likes. */
  public static final int BACKLOG = 8192;

  /** Receives datagrams whole: the largest is 65,507 bytes, over IPv6 65,527. */
  public static final RecvByteBufAllocator DATAGRAM = new FixedRecvByteBufAllocator(65_535);

  private Buffering() {}
}
