package io.teleproxy.dns;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.timeout.IdleStateHandler;
import io.teleproxy.net.AcceptPause;
import io.teleproxy.net.BoundDevice;
import io.teleproxy.net.Transport;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Opens the sockets of an address. */
final class ListenerFactory {
  /** Queries are small; one with a long cookie and padding still fits. */
  private static final int MAX_DATAGRAM = 4096;

  /** How many datagrams are read and written by one system call, where the transport can. */
  private static final int BATCH = 32;

  private static final int RECEIVE_BUFFER = 1 << 20;
  private static final int MAX_CLIENTS = 1024;

  private final EventLoopGroup group;
  private final Transport transport;
  private final Responder responder;
  private final Duration tcpIdle;
  private final ChannelGroup clients;

  ListenerFactory(
      EventLoopGroup group, Transport transport, Responder responder, Duration tcpIdle) {
    this.group = group;
    this.transport = transport;
    this.responder = responder;
    this.tcpIdle = tcpIdle;
    this.clients = new DefaultChannelGroup(group.next());
  }

  /**
   * Opens UDP and TCP sockets, both or none.
   *
   * @throws IOException if the system refuses one of them
   */
  Listener open(InetAddress address, int port) throws IOException {
    Channel udp = bound(udp(address).bind(address, port));
    try {
      return new Listener(udp, bound(tcp(address).bind(address, port)));
    } catch (IOException e) {
      udp.close().awaitUninterruptibly();
      throw e;
    }
  }

  /** A port that was free for UDP a moment ago. */
  int freePort(InetAddress address) throws IOException {
    Channel probe = bound(udp(address).bind(address, 0));
    int port = ((InetSocketAddress) probe.localAddress()).getPort();
    probe.close().awaitUninterruptibly();
    return port;
  }

  /** Closes the connections of all clients. */
  void closeClients() {
    clients.close().awaitUninterruptibly();
  }

  /** Whether the failure only says that this machine has no IPv6 loopback address. */
  static boolean isMissingIpv6(InetAddress address, IOException failure) {
    String message = String.valueOf(failure.getMessage());
    return address instanceof Inet6Address
        && address.isLoopbackAddress()
        && (message.contains("Cannot assign requested address")
            || message.contains("Address family not supported")
            || message.contains("Protocol family"));
  }

  private Bootstrap udp(InetAddress address) {
    Bootstrap bootstrap =
        new Bootstrap()
            .group(group)
            .channelFactory(transport.datagram(address))
            .option(ChannelOption.SO_RCVBUF, RECEIVE_BUFFER)
            .handler(new UdpListener(responder));
    if (transport == Transport.EPOLL) {
      bootstrap
          .option(EpollChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE, MAX_DATAGRAM)
          .option(
              ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(MAX_DATAGRAM * BATCH));
    } else {
      bootstrap.option(
          ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(MAX_DATAGRAM));
    }
    BoundDevice.restrict(bootstrap, transport, address);
    return bootstrap;
  }

  private ServerBootstrap tcp(InetAddress address) {
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(group)
            .handler(AcceptPause.HANDLER)
            .channelFactory(transport.server(address))
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel client) {
                    accepted(client);
                  }
                });
    BoundDevice.restrict(bootstrap, transport, address);
    return bootstrap;
  }

  private void accepted(SocketChannel client) {
    if (clients.size() >= MAX_CLIENTS) {
      client.close();
      return;
    }
    clients.add(client);
    client
        .pipeline()
        .addLast(
            new IdleStateHandler(tcpIdle.toMillis(), 0, 0, TimeUnit.MILLISECONDS),
            new LengthFieldBasedFrameDecoder(0xffff + 2, 0, 2, 0, 2),
            new TcpListener(responder));
  }

  private static Channel bound(ChannelFuture bind) throws IOException {
    bind.awaitUninterruptibly();
    Throwable cause = bind.cause();
    if (cause == null) {
      return bind.channel();
    }
    throw cause instanceof IOException io ? io : new IOException(cause);
  }
}
