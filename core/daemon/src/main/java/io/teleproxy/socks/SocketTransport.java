package io.teleproxy.socks;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.channels.spi.SelectorProvider;

/**
 * Which kind of sockets fit an event loop group: epoll where it is available (socket options by
 * number, resets noticed while nothing is read), else NIO.
 */
public final class SocketTransport {
  /**
   * Per connection and direction: above the upper mark the other side is no longer read. Together
   * with one receive buffer it bounds what a stalled connection holds.
   */
  public static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(128 * 1024, 256 * 1024);

  /** Above the kernel's default limit (net.core.somaxconn), which cuts it as it likes. */
  public static final int BACKLOG = 8192;

  private final boolean epoll;

  private SocketTransport(boolean epoll) {
    this.epoll = epoll;
  }

  /** The transport of these event loops. */
  public static SocketTransport of(EventLoopGroup loops) {
    return new SocketTransport(
        loops instanceof IoEventLoopGroup io && io.isCompatible(EpollIoHandle.class));
  }

  /**
   * Listening sockets of the address's own family: an IPv4 listener on a dual-stack socket would
   * hand out IPv4-mapped addresses.
   */
  public ChannelFactory<? extends ServerChannel> server(InetAddress address) {
    SocketProtocolFamily family = family(address);
    return epoll
        ? () -> new EpollServerSocketChannel(family)
        : () -> new NioServerSocketChannel(SelectorProvider.provider(), family);
  }

  /** Connecting sockets of the address's own family. */
  public ChannelFactory<? extends Channel> client(InetAddress address) {
    SocketProtocolFamily family = family(address);
    return epoll
        ? () -> new EpollSocketChannel(family)
        : () -> new NioSocketChannel(SelectorProvider.provider(), family);
  }

  private static SocketProtocolFamily family(InetAddress address) {
    return address instanceof Inet6Address ? SocketProtocolFamily.INET6 : SocketProtocolFamily.INET;
  }
}
