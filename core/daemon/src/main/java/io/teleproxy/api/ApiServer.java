package io.teleproxy.api;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.timeout.ReadTimeoutHandler;
import io.netty.handler.timeout.WriteTimeoutHandler;
import io.teleproxy.net.AcceptPause;
import io.teleproxy.net.LocalPeers;
import io.teleproxy.net.Transport;
import io.teleproxy.spi.UserException;
import io.teleproxy.tables.TableStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * The REST API on loopback. The firewall also diverts {@code http://teleproxy} (127.254.254.254:80)
 * here.
 */
public final class ApiServer implements AutoCloseable {
  /** A table of 20,000 routes is 2 MB. */
  private static final int MAX_BODY = 64 << 20;

  /** Seconds until a client that sends nothing is cut. */
  private static final int IDLE_SECONDS = 30;

  /** How long a request may take to come in, and an answer to be taken. */
  private static final int SLOW_SECONDS = 10;

  private static final int MAX_CLIENTS = 256;
  private static final int REQUESTS_PER_SECOND = 200;
  private static final int BURST = 1000;

  private final EventLoopGroup group;
  private final ServerBootstrap bootstrap;
  private final Channel channel;
  private final Admitted admitted;
  private final List<Channel> others = new ArrayList<>();

  private ApiServer(
      EventLoopGroup group, ServerBootstrap bootstrap, Channel channel, Admitted admitted) {
    this.admitted = admitted;
    this.group = group;
    this.bootstrap = bootstrap;
    this.channel = channel;
  }

  /**
   * Starts listening on 127.0.0.1.
   *
   * @param peers who is answered
   * @param diverted addresses whose connections the firewall diverts to us
   * @param port 0 for any
   * @throws UserException if the port is taken
   */
  public static ApiServer start(
      EventLoopGroup group,
      TableStore tables,
      Daemon daemon,
      LocalPeers peers,
      List<InetSocketAddress> diverted,
      int port) {
    Resources resources = new Resources(tables, daemon);
    RequestRate rate = new RequestRate(REQUESTS_PER_SECOND, BURST, System.nanoTime());
    Admitted admitted = new Admitted(MAX_CLIENTS);
    Doorkeeper doorkeeper =
        new Doorkeeper(
            Doorkeeper.MAX_UNKNOWN,
            peers,
            diverted,
            admitted,
            client -> serve(client, resources, daemon, rate, admitted));
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(group)
            .handler(AcceptPause.HANDLER)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.AUTO_READ, false)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel child) {
                    child.pipeline().addLast(doorkeeper);
                  }
                });
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    ChannelFuture bound = bind(group, bootstrap, address);
    if (!bound.isSuccess()) {
      throw new UserException(
          "The API cannot listen on 127.0.0.1:" + port + " (" + bound.cause().getMessage() + ")",
          "Set api.port to a free port, or to 0 for any.",
          bound.cause());
    }
    return new ApiServer(group, bootstrap, bound.channel(), admitted);
  }

  /**
   * Listens on another address, too.
   *
   * @throws IOException if the system refuses
   */
  public void listen(InetSocketAddress address) throws IOException {
    ChannelFuture bound = bind(group, bootstrap, address);
    if (!bound.isSuccess()) {
      throw new IOException(bound.cause().getMessage(), bound.cause());
    }
    others.add(bound.channel());
  }

  private static ChannelFuture bind(
      EventLoopGroup group, ServerBootstrap bootstrap, InetSocketAddress address) {
    return bootstrap
        .clone()
        .channelFactory(Transport.of(group).server(address.getAddress()))
        .bind(address)
        .awaitUninterruptibly();
  }

  private static void serve(
      SocketChannel client,
      Resources resources,
      Daemon daemon,
      RequestRate rate,
      Admitted admitted) {
    RequestDeadline deadline = new RequestDeadline(SLOW_SECONDS * 1000L);
    client
        .pipeline()
        .addLast(
            new ReadTimeoutHandler(IDLE_SECONDS),
            new WriteTimeoutHandler(SLOW_SECONDS),
            deadline,
            new HttpServerCodec(),
            new HttpObjectAggregator(MAX_BODY, true),
            new RequestHandler(resources, daemon, deadline, rate, admitted));
  }

  /** The port on 127.0.0.1. */
  public int port() {
    return ((InetSocketAddress) channel.localAddress()).getPort();
  }

  /**
   * Ends the connections that the firewall leads to us. To be called while it does: afterwards they
   * would not learn that they have ended.
   */
  public void disconnect() {
    admitted.of(channel).forEach(client -> client.close().awaitUninterruptibly(1000));
  }

  @Override
  public void close() {
    others.forEach(other -> other.close().awaitUninterruptibly(1000));
    channel.close().awaitUninterruptibly(1000);
  }
}
