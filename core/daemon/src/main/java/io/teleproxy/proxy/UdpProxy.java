package io.teleproxy.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.teleproxy.net.Transport;
import io.teleproxy.socks.Loopback;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.tables.Snapshot;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries the datagrams that the firewall redirects here to the SOCKS5 proxies of their routes, and
 * the answers back. No system says where a redirected datagram was going, so each destination has a
 * local port of its own. Answers leave from the socket at which the question came, which is bound
 * to one exact address: only so the firewall gives them back the source that the client awaits.
 *
 * <p>Thread-safe. {@code port}, {@code retain}, {@code listen} and {@code close} block for the
 * moment that binding takes and are not to be called on an event loop; all flows live on one.
 */
public final class UdpProxy {
  private static final Logger log = LoggerFactory.getLogger(TransparentProxy.class);

  /** Each costs a socket, and one more per container bridge. */
  public static final int MOST_DESTINATIONS = 1024;

  /** Each costs two sockets here; beyond, the one that was not used for longest goes. */
  static final int MOST_FLOWS = 1024;

  /** How often another free port is tried if the one found on loopback is taken on a bridge. */
  private static final int ATTEMPTS = 10;

  private static final int SWEEP_SECONDS = 2;

  private record FlowKey(UdpDestination destination, InetSocketAddress client) {}

  private final EventLoop loop;
  private final Transport transport;
  private final Supplier<Snapshot> tables;
  private final IntPredicate ownTarget;
  private final Flows flows;
  private final int mostFlows;

  // guarded by this
  private final UdpSockets sockets;
  private final Map<InetSocketAddress, UdpDestination> destinations = new HashMap<>();
  private Set<InetAddress> bridges = Set.of();
  private boolean closed;

  /** Least recently used first. On the event loop only. */
  private final Map<FlowKey, UdpFlow> live = new LinkedHashMap<>(16, 0.75f, true);

  UdpProxy(
      EventLoop loop,
      Transport transport,
      Supplier<Snapshot> tables,
      IntPredicate ownTarget,
      Flows flows,
      int mostFlows) {
    this.loop = loop;
    this.transport = transport;
    this.tables = tables;
    this.ownTarget = ownTarget;
    this.flows = flows;
    this.mostFlows = mostFlows;
    this.sockets = new UdpSockets(loop, transport);
    loop.scheduleWithFixedDelay(this::sweep, SWEEP_SECONDS, SWEEP_SECONDS, TimeUnit.SECONDS);
  }

  /**
   * The local port for a destination, opened if there is none yet.
   *
   * @return empty if there are as many as there may be, or the system gives no socket
   */
  public synchronized OptionalInt port(InetSocketAddress destination) {
    UdpDestination known = destinations.get(destination);
    if (known != null) {
      return OptionalInt.of(known.port);
    }
    if (closed || destinations.size() >= MOST_DESTINATIONS) {
      return OptionalInt.empty();
    }
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      InetAddress loopback =
          destination.getAddress() instanceof Inet6Address ? Loopback.IPV6 : Loopback.IPV4;
      ChannelFuture bound = sockets.bind(loopback, 0);
      if (!bound.isSuccess()) {
        log.debug("{} udp: no socket: {}", destination, bound.cause().getMessage());
        return OptionalInt.empty();
      }
      int port = ((InetSocketAddress) bound.channel().localAddress()).getPort();
      UdpDestination opened = new UdpDestination(destination, port);
      serve(opened, loopback, bound.channel());
      if (listenOnBridges(opened, attempt == ATTEMPTS)) {
        destinations.put(destination, opened);
        return OptionalInt.of(port);
      }
      opened.close();
    }
    return OptionalInt.empty();
  }

  /**
   * Opens a socket at the destination itself, which is an address of this machine.
   *
   * @param device where its datagrams come in; empty for any interface
   * @return the bound socket, or why there is none
   */
  ChannelFuture openAt(UdpDestination destination, String device) {
    ChannelFuture bound = sockets.bind(destination.address, device);
    if (bound.isSuccess()) {
      serve(destination, bound.channel());
    }
    return bound;
  }

  /** Ends the flows to a destination. */
  void forget(UdpDestination destination) {
    execute(() -> end(destination));
  }

  /** Closes the sockets of all other destinations, and their flows. */
  public synchronized void retain(Set<InetSocketAddress> wanted) {
    Iterator<UdpDestination> each = destinations.values().iterator();
    while (each.hasNext()) {
      UdpDestination destination = each.next();
      if (!wanted.contains(destination.address)) {
        each.remove();
        destination.close();
        forget(destination);
      }
    }
  }

  /** As {@link TransparentProxy#listen}. */
  synchronized void listen(Collection<InetAddress> addresses) {
    Set<InetAddress> wanted = Set.copyOf(addresses);
    if (closed || wanted.equals(bridges)) {
      return;
    }
    bridges = wanted;
    for (UdpDestination destination : destinations.values()) {
      destination
          .sockets
          .entrySet()
          .removeIf(
              socket -> {
                boolean gone =
                    !socket.getKey().isLoopbackAddress() && !wanted.contains(socket.getKey());
                if (gone) {
                  socket.getValue().close();
                }
                return gone;
              });
      listenOnBridges(destination, true);
    }
  }

  synchronized void close() {
    closed = true;
    destinations.values().forEach(UdpDestination::close);
    destinations.clear();
    execute(() -> live.values().forEach(flow -> flow.end("proxy closed")));
  }

  /**
   * Opens what is missing on the bridges of the destination's family.
   *
   * @param anyway whether to go on without those that cannot be bound, with a warning
   * @return false if one could not be bound
   */
  private boolean listenOnBridges(UdpDestination destination, boolean anyway) {
    boolean ipv6 = destination.address.getAddress() instanceof Inet6Address;
    for (InetAddress bridge : bridges) {
      if (bridge instanceof Inet6Address != ipv6 || destination.sockets.containsKey(bridge)) {
        continue;
      }
      ChannelFuture bound = sockets.bindToDevice(bridge, destination.port);
      if (bound.isSuccess()) {
        serve(destination, bridge, bound.channel());
      } else if (anyway) {
        log.warn(
            "Cannot listen on {} port {}/udp, containers behind it do not reach {}: {}",
            bridge.getHostAddress(),
            destination.port,
            destination.address,
            bound.cause().getMessage());
      } else {
        return false;
      }
    }
    return true;
  }

  private void serve(UdpDestination destination, InetAddress at, Channel socket) {
    destination.sockets.put(at, socket);
    serve(destination, socket);
  }

  private void serve(UdpDestination destination, Channel socket) {
    socket
        .pipeline()
        .addLast(
            new UdpArrivals((client, payload) -> arrived(destination, socket, client, payload)));
    socket.config().setAutoRead(true);
  }

  /** Takes the payload over. */
  private void arrived(
      UdpDestination to, Channel socket, InetSocketAddress client, ByteBuf payload) {
    FlowKey key = new FlowKey(to, client);
    UdpFlow flow = live.get(key);
    if (flow == null) {
      Optional<Route> route =
          tables.get().route(Protocol.UDP, to.address.getAddress(), to.address.getPort());
      flows.accepted.increment();
      if (route.isEmpty() || !(route.get().action() instanceof Route.Action.Divert divert)) {
        log.debug("{} udp: no route, dropped", to.address);
        flows.dropped.increment();
        payload.release();
        return;
      }
      if (live.size() >= mostFlows) {
        Iterator<UdpFlow> leastUsed = live.values().iterator();
        leastUsed.next().end("given back: " + mostFlows + " flows of datagrams are open");
        leastUsed.remove();
      }
      flow = new UdpFlow(socket, client, to.address, divert.target(), flows, loop);
      live.put(key, flow);
      flow.open(loop, transport, ownTarget.test(divert.target()));
    }
    flow.send(payload);
  }

  private void sweep() {
    live.values().removeIf(UdpFlow::expired);
  }

  private void end(UdpDestination destination) {
    live.entrySet()
        .removeIf(
            entry -> {
              boolean its = entry.getKey().destination() == destination;
              if (its) {
                entry.getValue().end("no longer intercepted");
              }
              return its;
            });
  }

  private void execute(Runnable work) {
    try {
      loop.execute(work);
    } catch (RejectedExecutionException e) {
      // The event loops are shut down, and everything on them.
    }
  }
}
