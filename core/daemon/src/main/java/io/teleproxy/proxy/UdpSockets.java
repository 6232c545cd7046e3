package io.teleproxy.proxy;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.teleproxy.net.BoundDevice;
import io.teleproxy.net.Transport;
import io.teleproxy.socks.Buffering;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Opens sockets for redirected datagrams, which read nothing yet. Blocks while binding. */
final class UdpSockets {
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
    BoundDevice.restrict(bootstrap, transport, address);
    return bootstrap.bind(address, port).awaitUninterruptibly();
  }

  /** For what comes in at this interface only; at any, if it is empty. */
  ChannelFuture bind(InetSocketAddress address, String device) {
    Bootstrap bootstrap = bootstrap(address.getAddress());
    BoundDevice.restrict(bootstrap, transport, device);
    return bootstrap.bind(address).awaitUninterruptibly();
  }

  private Bootstrap bootstrap(InetAddress address) {
    return new Bootstrap()
        .group(loop)
        .channelFactory(transport.datagram(address))
        .option(ChannelOption.AUTO_READ, false)
        .option(ChannelOption.RECVBUF_ALLOCATOR, Buffering.DATAGRAM)
        .handler(new ChannelInboundHandlerAdapter());
  }
}
