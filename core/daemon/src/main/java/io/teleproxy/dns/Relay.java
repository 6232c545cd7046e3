package io.teleproxy.dns;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.teleproxy.net.Transport;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Asks the original nameservers. Each query has a source port and an id of its own, both random
 * (RFC 5452), and its answer is passed on byte for byte with the client's id put back.
 *
 * <p>Safe for several threads; an exchange lives on the event loop that it was begun on.
 */
final class Relay {
  private final Transport transport;
  private final DnsSettings settings;
  private final DnsMeters meters;
  private final RandomIds ids = new RandomIds();

  /** Local ends of the queries that are under way: what comes from one of them is our own. */
  private final Set<InetSocketAddress> own = ConcurrentHashMap.newKeySet();

  private volatile Upstreams upstreams = new Upstreams(List.of(), Nameservers.Options.STANDARD);

  /** Who waits for an answer. Called on the exchange's event loop. */
  interface Waiting {
    /**
     * An answer, with the id of the request; the callee releases it. Several only for zone
     * transfers.
     */
    void answered(ByteBuf answer);

    /** Nobody answered. */
    void failed();
  }

  Relay(Transport transport, DnsSettings settings, DnsMeters meters) {
    this.transport = transport;
    this.settings = settings;
    this.meters = meters;
  }

  /** Asks these from the next query on. */
  void upstreams(List<InetSocketAddress> servers, Nameservers.Options options) {
    if (!upstreams.isFor(servers, options)) {
      upstreams = new Upstreams(servers, options);
    }
  }

  /** All nameservers, if none has answered what it was asked last; else none. */
  List<InetSocketAddress> allSilent() {
    return upstreams.allSilent();
  }

  /** Whether a query from there is one that we sent ourselves, and that came back to us. */
  boolean isOwn(InetSocketAddress sender) {
    return !own.isEmpty() && own.contains(sender);
  }

  /**
   * Begins an exchange.
   *
   * @param loop the loop on which this is called
   * @param request a whole DNS message, at least a header long; must not be changed afterwards
   * @param tcp whether to ask over TCP
   */
  void ask(EventLoop loop, byte[] request, boolean tcp, Waiting waiting) {
    Upstreams now = upstreams;
    InetSocketAddress[] order = now.order();
    if (order.length == 0 || !meters.enter(settings.maxInFlight())) {
      waiting.failed();
      return;
    }
    new Exchange(this, loop, now, order, request, tcp, waiting).begin();
  }

  void ended() {
    meters.leave();
  }

  Transport transport() {
    return transport;
  }

  int nextId() {
    return ids.next();
  }

  void opened(InetSocketAddress local) {
    own.add(local);
  }

  void closed(InetSocketAddress local) {
    own.remove(local);
  }
}
