package io.teleproxy.dns;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.Inet6Address;
import java.net.InetAddress;

/** Makes channels of the kind that an event loop group drives. */
enum Transport {
  EPOLL {
    @Override
    DatagramChannel udp(InetAddress address) {
      return new EpollDatagramChannel(family(address));
    }

    @Override
    SocketChannel tcp() {
      return new EpollSocketChannel();
    }

    @Override
    ServerSocketChannel tcpServer() {
      return new EpollServerSocketChannel();
    }
  },
  NIO {
    @Override
    DatagramChannel udp(InetAddress address) {
      return new NioDatagramChannel(family(address));
    }

    @Override
    SocketChannel tcp() {
      return new NioSocketChannel();
    }

    @Override
    ServerSocketChannel tcpServer() {
      return new NioServerSocketChannel();
    }
  };

  static Transport of(EventLoopGroup group) {
    return group instanceof IoEventLoopGroup io && io.isCompatible(EpollIoHandle.class)
        ? EPOLL
        : NIO;
  }

  abstract DatagramChannel udp(InetAddress address);

  abstract SocketChannel tcp();

  abstract ServerSocketChannel tcpServer();

  private static SocketProtocolFamily family(InetAddress address) {
    return address instanceof Inet6Address ? SocketProtocolFamily.INET6 : SocketProtocolFamily.INET;
  }
}
