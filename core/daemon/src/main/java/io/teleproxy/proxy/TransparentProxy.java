package io.teleproxy.proxy;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.teleproxy.net.AcceptPause;
import io.teleproxy.net.BoundDevice;
import io.teleproxy.net.Transport;
import io.teleproxy.socks.Buffering;
import io.teleproxy.socks.Loopback;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.UserException;
import io.teleproxy.tables.AskedNames;
import io.teleproxy.tables.Snapshot;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Accepts the TCP connections that the firewall redirects here, and carries each to the SOCKS5
 * proxy of the route that covers its original destination. Connections that were not redirected, or
 * that no route covers any more, are reset: this is never an open proxy.
 *
 * <p>It listens on 127.0.0.1 and, where there is IPv6, on ::1, and on further addresses (those of
 * container bridges, where redirected packets of containers arrive) as {@link #listen} says; never
 * on a wildcard address. Thread-safe; {@code start}, {@code listen} and {@code close} block for the
 * moment that binding takes and are not to be called on an event loop.
 */
public final class TransparentProxy implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(TransparentProxy.class);

  /** How often another free port is tried if the one found for IPv4 is taken for IPv6. */
  private static final int ATTEMPTS = 10;

  private static final long RESET_MILLIS = 1000;

  private static final Set<InetAddress> LOOPBACK = Set.of(Loopback.IPV4, Loopback.IPV6);

  private final Flows flows;
  private final UdpProxy udp;
  private final LocalDestinations destinations;
  private final EventLoopGroup loops;
  private final Transport transport;
  private final ServerBootstrap bootstrap;
  private final Map<InetAddress, Channel> bridges = new HashMap<>();
  private List<Channel> loopback = List.of();
  private int port;
  private boolean closed;

  private TransparentProxy(
      EventLoopGroup loops,
      Interceptor.Session interceptor,
      Supplier<Snapshot> tables,
      IntPredicate ownTarget,
      AskedNames asked,
      LoopGuard loopGuard) {
    this.loops = loops;
    flows = new Flows(asked);
    transport = Transport.of(loops);
    udp = new UdpProxy(loops.next(), transport, tables, ownTarget, flows, UdpProxy.MOST_FLOWS);
    bootstrap =
        bootstrap(
            loops,
            new Redirected(
                Redirected.Destinations.redirectedBy(interceptor),
                tables,
                ownTarget,
                transport,
                flows,
                loopGuard));
    Redirected arrived =
        new Redirected(
            socket -> Optional.of(socket.local()), tables, ownTarget, transport, flows, loopGuard);
    destinations = new LocalDestinations(loops, bootstrap(loops, arrived), udp, transport, flows);
  }

  private static ServerBootstrap bootstrap(EventLoopGroup loops, Redirected redirected) {
    return new ServerBootstrap()
        .group(loops)
        .handler(AcceptPause.HANDLER)
        .option(ChannelOption.SO_BACKLOG, Buffering.BACKLOG)
        .option(ChannelOption.SO_REUSEADDR, true)
        .childOption(ChannelOption.AUTO_READ, false)
        .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .childOption(ChannelOption.TCP_NODELAY, true)
        // A container can vanish without a word.
        .childOption(ChannelOption.SO_KEEPALIVE, true)
        .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, Buffering.WATER_MARK)
        .childHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.pipeline().addLast(redirected);
              }
            });
  }

  /**
   * Listens on the loopback addresses.
   *
   * @param loops stay the caller's
   * @param tables the routes, asked once per connection
   * @param ownTarget whether a local port is one of our own SOCKS5 servers, to which the first
   *     bytes can be sent without waiting for its answers
   * @param asked by which name a destination is known to those who connect
   * @param port 0 for any
   * @throws UserException if the port is taken
   */
  public static TransparentProxy start(
      EventLoopGroup loops,
      Interceptor.Session interceptor,
      Supplier<Snapshot> tables,
      IntPredicate ownTarget,
      AskedNames asked,
      int port) {
    return start(loops, interceptor, tables, ownTarget, asked, port, new LoopGuard());
  }

  static TransparentProxy start(
      EventLoopGroup loops,
      Interceptor.Session interceptor,
      Supplier<Snapshot> tables,
      IntPredicate ownTarget,
      AskedNames asked,
      int port,
      LoopGuard loopGuard) {
    TransparentProxy proxy =
        new TransparentProxy(loops, interceptor, tables, ownTarget, asked, loopGuard);
    proxy.listenOnLoopback(port);
    return proxy;
  }

  /** The port of all listeners. */
  public int port() {
    return port;
  }

  /** The side of datagrams; opened, listening and closed with this. */
  public UdpProxy udp() {
    return udp;
  }

  /**
   * Listeners at the destinations themselves, where those are addresses of this machine; closed
   * with this, if not before.
   */
  public LocalDestinations destinations() {
    return destinations;
  }

  /**
   * Makes these, besides loopback, the addresses listened on. Existing connections stay. An address
   * that cannot be bound is logged, and tried again at the next call.
   *
   * @param both for connections and datagrams
   * @param connections for connections only
   */
  public synchronized void listen(
      Collection<InetAddress> both, Collection<InetAddress> connections) {
    if (closed) {
      return;
    }
    udp.listen(both);
    Set<InetAddress> addresses = new LinkedHashSet<>(both);
    addresses.addAll(connections);
    Set<InetAddress> gone = new HashSet<>(bridges.keySet());
    gone.removeAll(addresses);
    for (InetAddress address : gone) {
      Channel listener = bridges.remove(address);
      if (listener != null) {
        listener.close().awaitUninterruptibly();
      }
    }
    for (InetAddress address : addresses) {
      if (address.isAnyLocalAddress()) {
        throw new IllegalArgumentException("wildcard address: " + address + " (open proxy)");
      }
      if (!LOOPBACK.contains(address) && !bridges.containsKey(address)) {
        ChannelFuture bound = bind(address, port());
        if (bound.isSuccess()) {
          bridges.put(address, bound.channel());
        } else {
          log.warn(
              "Cannot listen on {} port {}, what is redirected there is not served: {}",
              address.getHostAddress(),
              port(),
              bound.cause().getMessage());
        }
      }
    }
  }

  public Counters counters() {
    return flows.counters();
  }

  /** The connections that live now, in no particular order. */
  public List<Flow> flows() {
    return flows.live();
  }

  /** The last connections that ended, oldest first; some hundreds at most. */
  public List<Flow.Ended> ended() {
    return flows.ended();
  }

  /**
   * Stops listening and resets what is still connected; returns when the resets are sent. Not to be
   * called on an event loop. Idempotent.
   */
  @Override
  public synchronized void close() {
    closed = true;
    loopback.forEach(listener -> listener.close().awaitUninterruptibly());
    bridges.values().forEach(listener -> listener.close().awaitUninterruptibly());
    bridges.clear();
    destinations.close();
    udp.close();
    flows.abortAll();
    // Each is reset by a task of its event loop: behind them.
    if (!loops.isShuttingDown()) {
      loops.forEach(loop -> loop.submit(() -> {}).awaitUninterruptibly(RESET_MILLIS));
    }
  }

  private void listenOnLoopback(int wanted) {
    for (int attempt = 1; ; attempt++) {
      ChannelFuture ipv4 = bind(Loopback.IPV4, wanted);
      if (!ipv4.isSuccess()) {
        throw busy(wanted, ipv4.cause());
      }
      port = ((InetSocketAddress) ipv4.channel().localAddress()).getPort();
      ChannelFuture ipv6 = bind(Loopback.IPV6, port);
      if (ipv6.isSuccess()) {
        loopback = List.of(ipv4.channel(), ipv6.channel());
        return;
      }
      if (!isBusy(ipv6.cause())) {
        log.debug("No IPv6 here: {}", ipv6.cause().getMessage());
        loopback = List.of(ipv4.channel());
        return;
      }
      ipv4.channel().close().awaitUninterruptibly();
      if (wanted != 0 || attempt == ATTEMPTS) {
        throw busy(port, ipv6.cause());
      }
    }
  }

  private ChannelFuture bind(InetAddress address, int port) {
    ServerBootstrap one = bootstrap.clone().channelFactory(transport.server(address));
    BoundDevice.restrict(one, transport, address);
    return one.bind(address, port).awaitUninterruptibly();
  }

  private static boolean isBusy(Throwable cause) {
    return String.valueOf(cause.getMessage()).contains("already in use");
  }

  private static UserException busy(int port, Throwable cause) {
    return new UserException(
        "transparent proxy: cannot listen on port " + port + ": " + cause.getMessage(),
        "End the program that uses the port, or choose another.",
        cause);
  }
}
