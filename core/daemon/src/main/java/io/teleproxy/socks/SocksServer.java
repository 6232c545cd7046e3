package io.teleproxy.socks;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.teleproxy.net.AcceptPause;
import io.teleproxy.net.LocalPeers;
import io.teleproxy.net.PeerGate;
import io.teleproxy.net.Transport;
import io.teleproxy.spi.Tunnel;
import io.teleproxy.spi.UserException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * A SOCKS5 server (RFC 1928, CONNECT and UDP ASSOCIATE without authentication) on 127.0.0.1 in
 * front of a tunnel. A client may send greeting, request and its first bytes at once, without
 * waiting for answers.
 *
 * <p>Thread-safe. The tunnel session stays the caller's.
 */
public final class SocksServer implements AutoCloseable {
  private final Channel listener;
  private final ChannelGroup clients;
  private final UdpAssociations associations;

  private SocksServer(Channel listener, ChannelGroup clients, UdpAssociations associations) {
    this.listener = listener;
    this.clients = clients;
    this.associations = associations;
  }

  /**
   * Listens. Blocks for the moment this takes; not to be called on an event loop.
   *
   * @param port 0 for any
   * @throws UserException if the port is taken
   */
  public static SocksServer start(EventLoopGroup loops, Tunnel.Session tunnel, int port) {
    return start(loops, tunnel, Optional.empty(), port);
  }

  /**
   * The same for some users only.
   *
   * @param peers who is served; others are reset
   */
  public static SocksServer start(
      EventLoopGroup loops, Tunnel.Session tunnel, LocalPeers peers, int port) {
    return start(loops, tunnel, Optional.of(new PeerGate(peers)), port);
  }

  private static SocksServer start(
      EventLoopGroup loops, Tunnel.Session tunnel, Optional<PeerGate> gate, int port) {
    InetAddress loopback = Loopback.IPV4;
    ChannelGroup clients = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    UdpAssociations associations = new UdpAssociations(tunnel, Transport.of(loops));
    ChannelFuture bound =
        new ServerBootstrap()
            .group(loops)
            .handler(AcceptPause.HANDLER)
            .channelFactory(Transport.of(loops).server(loopback))
            .option(ChannelOption.SO_BACKLOG, Buffering.BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, Buffering.WATER_MARK)
            .childOption(ChannelOption.AUTO_READ, gate.isEmpty())
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    clients.add(channel);
                    gate.ifPresent(first -> channel.pipeline().addLast(first));
                    channel.pipeline().addLast(new SocksServerHandshake(tunnel, associations));
                  }
                })
            .bind(loopback, port)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new UserException(
          "SOCKS5 server: cannot listen on 127.0.0.1:" + port + ": " + bound.cause().getMessage(),
          "End the program that uses the port, or choose another.",
          bound.cause());
    }
    return new SocksServer(bound.channel(), clients, associations);
  }

  public int port() {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  /**
   * Says whether the tunnel carries datagrams now; starts as false. While it does not, UDP
   * ASSOCIATE is answered with "command not supported", and associations are ended, so that clients
   * know.
   */
  public void carriesDatagrams(boolean now) {
    associations.open(now);
  }

  /** Number of clients connected now. */
  public int connections() {
    return clients.size();
  }

  /**
   * Stops listening and resets what is still connected. Idempotent; waits for the sockets to be
   * closed, so not to be called on an event loop.
   */
  @Override
  public void close() {
    listener.close().awaitUninterruptibly();
    clients.forEach(client -> client.eventLoop().execute(() -> SocketEnd.reset(client)));
    clients.newCloseFuture().awaitUninterruptibly();
  }
}
