package io.teleproxy.net;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.channels.spi.SelectorProvider;

/**
 * Event loops and the channels that fit them: epoll on Linux (socket options by number, resets
 * noticed while nothing is read), else NIO.
 *
 * <p>Channels are of their address's own family: an IPv4 listener on a dual-stack socket would hand
 * out IPv4-mapped addresses.
 */
public enum Transport {
  EPOLL {
    @Override
    public ChannelFactory<? extends ServerChannel> server(InetAddress address) {
      return () -> new EpollServerSocketChannel(family(address));
    }

    @Override
    public ChannelFactory<? extends Channel> client(InetAddress address) {
      return () -> new EpollSocketChannel(family(address));
    }

    @Override
    public ChannelFactory<? extends DatagramChannel> datagram(InetAddress address) {
      return () -> new EpollDatagramChannel(family(address));
    }
  },
  NIO {
    @Override
    public ChannelFactory<? extends ServerChannel> server(InetAddress address) {
      return () -> new NioServerSocketChannel(SelectorProvider.provider(), family(address));
    }

    @Override
    public ChannelFactory<? extends Channel> client(InetAddress address) {
      return () -> new NioSocketChannel(SelectorProvider.provider(), family(address));
    }

    @Override
    public ChannelFactory<? extends DatagramChannel> datagram(InetAddress address) {
      return () -> new NioDatagramChannel(family(address));
    }
  };

  /**
   * A group of daemon threads with the best transport of this machine.
   *
   * @param name prefix of the threads' names
   */
  public static EventLoopGroup group(String name, int threads) {
    IoHandlerFactory handlers =
        Epoll.isAvailable() ? HalfCloseEpoll.newFactory() : NioIoHandler.newFactory();
    return new MultiThreadIoEventLoopGroup(threads, new DefaultThreadFactory(name, true), handlers);
  }

  /** The transport of these event loops. */
  public static Transport of(EventLoopGroup loops) {
    return loops instanceof IoEventLoopGroup io && io.isCompatible(EpollIoHandle.class)
        ? EPOLL
        : NIO;
  }

  /** Listening TCP sockets for this address. */
  public abstract ChannelFactory<? extends ServerChannel> server(InetAddress address);

  /** TCP sockets that connect to this address. */
  public abstract ChannelFactory<? extends Channel> client(InetAddress address);

  /** UDP sockets for this address. */
  public abstract ChannelFactory<? extends DatagramChannel> datagram(InetAddress address);

  private static SocketProtocolFamily family(InetAddress address) {
    return address instanceof Inet6Address ? SocketProtocolFamily.INET6 : SocketProtocolFamily.INET;
  }
}
