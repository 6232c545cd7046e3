package io.teleproxy.proxy;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import io.teleproxy.net.BoundDevice;
import io.teleproxy.net.Transport;
import io.teleproxy.spi.Protocol;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Listens at destinations themselves, where they have been made addresses of this machine: for each
 * address and port a socket of its own, so that our end of a connection or datagram tells where it
 * was going. One more socket for each further interface at which they may come in; never for all
 * interfaces, since the network beyond could reach them there.
 *
 * <p>Thread-safe; both methods block while sockets are opened and closed, and are not to be called
 * on an event loop.
 */
public final class LocalDestinations implements AutoCloseable {
  /** An address of this machine, and port, that stands for what is in the cluster. */
  public record Destination(Protocol protocol, InetSocketAddress address) {
    /** {@code 10.0.0.1:80/tcp}. */
    @Override
    public String toString() {
      String host = address.getAddress().getHostAddress();
      return (host.indexOf(':') < 0 ? host : "[" + host + "]")
          + ":"
          + address.getPort()
          + "/"
          + protocol.lower();
    }
  }

  private record Place(Destination destination, String device) {}

  private static final class Open {
    final Channel socket;

    /** Null for TCP. */
    final @Nullable UdpDestination datagrams;

    Open(Channel socket, @Nullable UdpDestination datagrams) {
      this.socket = socket;
      this.datagrams = datagrams;
    }
  }

  private final EventLoopGroup loops;
  private final ServerBootstrap connections;
  private final UdpProxy datagrams;
  private final Transport transport;
  private final Flows flows;
  private final Map<Place, Open> open = new HashMap<>();
  private boolean closed;

  LocalDestinations(
      EventLoopGroup loops,
      ServerBootstrap connections,
      UdpProxy datagrams,
      Transport transport,
      Flows flows) {
    this.loops = loops;
    this.connections = connections;
    this.datagrams = datagrams;
    this.transport = transport;
    this.flows = flows;
  }

  /**
   * Makes these what is listened at. Connections that were accepted stay; flows of datagrams end
   * with their socket.
   *
   * @param devices interfaces at which they come in
   * @return what cannot be listened at, with the system's reason; it is tried again at the next
   *     call
   */
  public synchronized Map<Destination, String> listen(
      Set<Destination> wanted, List<String> devices) {
    if (closed) {
      return Map.of();
    }
    List<String> interfaces = transport == Transport.EPOLL ? devices : List.of("");
    close(wanted, interfaces);
    Map<Destination, String> refused =
        new TreeMap<>((one, other) -> one.toString().compareTo(other.toString()));
    Map<Place, ChannelFuture> opening = new HashMap<>();
    for (String device : interfaces) {
      for (Destination destination : wanted) {
        Place place = new Place(destination, device);
        if (open.containsKey(place)) {
          continue;
        }
        if (destination.protocol() == Protocol.TCP) {
          opening.put(place, bind(place));
        } else {
          UdpDestination to =
              new UdpDestination(destination.address(), destination.address().getPort());
          ChannelFuture bound = datagrams.openAt(to, device);
          if (bound.isSuccess()) {
            open.put(place, new Open(bound.channel(), to));
          } else {
            refused.put(destination, String.valueOf(bound.cause().getMessage()));
          }
        }
      }
    }
    opening.forEach(
        (place, bound) -> {
          if (bound.awaitUninterruptibly().isSuccess()) {
            open.put(place, new Open(bound.channel(), null));
          } else {
            refused.put(place.destination(), String.valueOf(bound.cause().getMessage()));
          }
        });
    return refused;
  }

  private ChannelFuture bind(Place place) {
    InetSocketAddress address = place.destination().address();
    ServerBootstrap one =
        connections.clone().channelFactory(transport.server(address.getAddress()));
    BoundDevice.restrict(one, transport, place.device());
    return one.bind(address);
  }

  private void close(Set<Destination> wanted, List<String> interfaces) {
    List<ChannelFuture> closing = new ArrayList<>();
    Iterator<Map.Entry<Place, Open>> each = open.entrySet().iterator();
    while (each.hasNext()) {
      Map.Entry<Place, Open> one = each.next();
      Place place = one.getKey();
      if (!wanted.contains(place.destination()) || !interfaces.contains(place.device())) {
        each.remove();
        closing.add(one.getValue().socket.close());
        UdpDestination gone = one.getValue().datagrams;
        if (gone != null) {
          datagrams.forget(gone);
        }
      }
    }
    closing.forEach(ChannelFuture::awaitUninterruptibly);
  }

  /** How many sockets listen. */
  public synchronized int listening() {
    return open.size();
  }

  /**
   * Stops listening and resets what is connected, and returns when the resets have been sent: once
   * the addresses are gone, nobody would be told any more. Idempotent.
   */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      close(Set.of(), List.of());
    }
    flows.abortAll();
    for (EventExecutor loop : loops) {
      try {
        loop.submit(() -> {}).awaitUninterruptibly();
      } catch (RejectedExecutionException e) {
        // It is shut down, and everything on it.
      }
    }
  }
}
