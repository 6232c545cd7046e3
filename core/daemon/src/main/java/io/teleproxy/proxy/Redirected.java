package io.teleproxy.proxy;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.teleproxy.net.Transport;
import io.teleproxy.socks.Buffering;
import io.teleproxy.socks.Loopback;
import io.teleproxy.socks.Relay;
import io.teleproxy.socks.SocketEnd;
import io.teleproxy.socks.SocksConnect;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.tables.Snapshot;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntPredicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * What is done with a connection that came in: asks where it was going, looks up the route, and
 * connects it to the route's SOCKS5 proxy, all on the connection's event loop. Whatever goes wrong
 * ends in RST. One for all connections.
 */
@ChannelHandler.Sharable
final class Redirected extends ChannelInboundHandlerAdapter {
  private static final Logger log = LoggerFactory.getLogger(TransparentProxy.class);

  /** For the TCP connection to the SOCKS5 proxy, which is on this machine. */
  private static final int CONNECT_MILLIS = 10_000;

  private static final long WARNING_NANOS = 10_000_000_000L;

  private final AtomicLong warned = new AtomicLong();
  private final Destinations destinations;
  private final Supplier<Snapshot> tables;
  private final IntPredicate ownTarget;
  private final Transport transport;
  private final Flows flows;
  private final LoopGuard loopGuard;

  /** Tells where an accepted connection was going. */
  interface Destinations {
    /** Empty if it was not meant to come to us. Must not block. */
    Optional<InetSocketAddress> of(AcceptedSocket socket) throws IOException;

    /** By an interceptor that redirects: what was not redirected has us for its destination. */
    static Destinations redirectedBy(Interceptor.Session interceptor) {
      return socket ->
          interceptor.originalDestination(socket).filter(to -> !to.equals(socket.local()));
    }
  }

  Redirected(
      Destinations destinations,
      Supplier<Snapshot> tables,
      IntPredicate ownTarget,
      Transport transport,
      Flows flows,
      LoopGuard loopGuard) {
    this.destinations = destinations;
    this.tables = tables;
    this.ownTarget = ownTarget;
    this.transport = transport;
    this.flows = flows;
    this.loopGuard = loopGuard;
  }

  /** The channel does not read yet: nothing is taken from a client before there is a route. */
  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    flows.accepted.increment();
    Channel channel = ctx.channel();
    InetSocketAddress destination = destination(channel);
    if (destination == null) {
      flows.dropped.increment();
      SocketEnd.reset(channel);
      return;
    }
    Optional<Route> route =
        tables.get().route(Protocol.TCP, destination.getAddress(), destination.getPort());
    if (route.isEmpty()) {
      log.debug("{}: no route, reset", destination);
      flows.dropped.increment();
      SocketEnd.reset(channel);
    } else if (route.get().action() instanceof Route.Action.Divert divert) {
      connect(ctx, destination, divert.target());
    } else {
      flows.rejected.increment();
      SocketEnd.reset(channel);
    }
  }

  /** An interceptor or a table that throws must not leave the client hanging. */
  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (!(cause instanceof IOException)) {
      log.error("{}: reset", ctx.channel(), cause);
    }
    flows.dropped.increment();
    SocketEnd.reset(ctx.channel());
  }

  /** Null if it was not redirected to us: we are no open proxy. */
  private @Nullable InetSocketAddress destination(Channel channel) {
    AcceptedSocket socket = new AcceptedSocket(channel);
    try {
      Optional<InetSocketAddress> original = destinations.of(socket);
      if (original.isPresent()) {
        return original.get();
      }
      log.debug("{}: not redirected, reset", socket.peer());
    } catch (IOException e) {
      log.debug("{}: no original destination, reset: {}", socket.peer(), e.getMessage());
    }
    return null;
  }

  private void connect(ChannelHandlerContext ctx, InetSocketAddress destination, int target) {
    boolean pipelined = ownTarget.test(target);
    if (pipelined || flows.silent(destination, target) < LoopGuard.UNQUESTIONED) {
      connect(ctx, destination, target, pipelined);
      return;
    }
    Channel channel = ctx.channel();
    loopGuard.ask(
        (InetSocketAddress) channel.remoteAddress(),
        target,
        loops ->
            channel
                .eventLoop()
                .execute(
                    () -> {
                      if (!channel.isActive()) {
                        flows.dropped.increment();
                      } else if (loops) {
                        cut(channel, destination, target);
                      } else {
                        connect(ctx, destination, target, pipelined);
                      }
                    }));
  }

  private void cut(Channel channel, InetSocketAddress destination, int target) {
    // Once for all of a loop's connections: they come by the hundred.
    long now = System.nanoTime();
    long before = warned.get();
    boolean quiet = before != 0 && now - before < WARNING_NANOS;
    Level level = !quiet && warned.compareAndSet(before, now) ? Level.WARN : Level.DEBUG;
    log.atLevel(level)
        .log(
            "{}: reset: the SOCKS5 proxy on port {}, to which the route leads, connects there itself,"
                + " and its connections come back to it: run it elsewhere, or under our group id"
                + " (intercept.gid).",
            destination,
            target);
    flows.rejected.increment();
    SocketEnd.reset(channel);
  }

  private void connect(
      ChannelHandlerContext ctx, InetSocketAddress destination, int target, boolean pipelined) {
    Channel channel = ctx.channel();
    SocketEnd client = new SocketEnd(channel);
    ctx.pipeline().replace(this, null, client);
    LiveFlow flow =
        flows.begin(
            Protocol.TCP,
            (InetSocketAddress) channel.remoteAddress(),
            destination,
            target,
            () -> channel.eventLoop().execute(client::reset));
    Bootstrap bootstrap =
        new Bootstrap()
            .group(channel.eventLoop())
            .channelFactory(transport.client(Loopback.IPV4))
            .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
            .option(ChannelOption.WRITE_BUFFER_WATER_MARK, Buffering.WATER_MARK)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel upstream) {
                    join(client, upstream, flow, pipelined);
                  }
                });
    bootstrap
        .connect(Loopback.IPV4, target)
        .addListener(
            connected -> {
              if (!connected.isSuccess()) {
                Throwable cause = connected.cause();
                // The channel was never active: its end of the relay will not report.
                flow.ended("SOCKS5 proxy " + target + ": " + cause.getMessage());
                client.reset();
              }
            });
  }

  private static void join(SocketEnd client, Channel upstream, LiveFlow flow, boolean pipelined) {
    SocketEnd server = new SocketEnd(upstream);
    Relay relay = new Relay(client, server, flow);
    SocksConnect request =
        new SocksConnect(
            flow.destination(),
            pipelined,
            flow.id,
            new SocksConnect.Outcome() {
              @Override
              public void connected() {
                flow.opened();
                client.reading(true);
              }

              @Override
              public void failed(String reason) {
                relay.abort("SOCKS5 proxy " + flow.target + ": " + reason);
              }
            });
    client.join(relay);
    server.join(relay);
    upstream.pipeline().addLast(request, server);
    client.reading(pipelined);
  }
}
