package io.teleproxy.proxy;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.unix.RawUnixChannelOption;
import io.teleproxy.net.Transport;
import io.teleproxy.socks.Buffering;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Opens sockets for redirected datagrams, which read nothing yet. Blocks while binding. */
final class UdpSockets {
  /** SOL_SOCKET and SO_BINDTODEVICE of Linux; a name of IFNAMSIZ bytes. */
  private static final int SOL_SOCKET = 1;

  private static final int SO_BINDTODEVICE = 25;
  private static final int IFNAMSIZ = 16;

  private final EventLoop loop;
  private final Transport transport;

  UdpSockets(EventLoop loop, Transport transport) {
    this.loop = loop;
    this.transport = transport;
  }

  /** On an exact address. */
  ChannelFuture bind(InetAddress address, int port) {
    return bootstrap(address).bind(address, port).awaitUninterruptibly();
  }

  /**
   * On the address of a bridge, for what comes in there only: Linux takes a packet for any address
   * of its own at any interface, and nobody beyond this machine may send through us.
   */
  ChannelFuture bindToDevice(InetAddress address, int port) {
    Bootstrap bootstrap = bootstrap(address);
    Optional<String> device = transport == Transport.EPOLL ? device(address) : Optional.empty();
    if (device.isPresent()) {
      ByteBuffer name = ByteBuffer.allocateDirect(IFNAMSIZ);
      name.put(device.get().getBytes(StandardCharsets.UTF_8)).rewind();
      bootstrap.option(
          new RawUnixChannelOption("SO_BINDTODEVICE", SOL_SOCKET, SO_BINDTODEVICE, IFNAMSIZ), name);
    }
    return bootstrap.bind(address, port).awaitUninterruptibly();
  }

  private Bootstrap bootstrap(InetAddress address) {
    return new Bootstrap()
        .group(loop)
        .channelFactory(transport.datagram(address))
        .option(ChannelOption.AUTO_READ, false)
        .option(ChannelOption.RECVBUF_ALLOCATOR, Buffering.DATAGRAM)
        .handler(new ChannelInboundHandlerAdapter());
  }

  private static Optional<String> device(InetAddress address) {
    try {
      NetworkInterface found = NetworkInterface.getByInetAddress(address);
      return Optional.ofNullable(found).map(NetworkInterface::getName);
    } catch (SocketException e) {
      return Optional.empty();
    }
  }
}
