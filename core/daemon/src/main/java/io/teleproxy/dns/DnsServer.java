package io.teleproxy.dns;

import io.netty.channel.EventLoopGroup;
import io.teleproxy.net.Transport;
import io.teleproxy.spi.AnsweredNames;
import io.teleproxy.spi.Resolver;
import io.teleproxy.spi.UserException;
import io.teleproxy.tables.AskedNames;
import io.teleproxy.tables.Snapshot;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The overlay DNS server: answers from the tables, asks the resolvers of plugins, and relays
 * everything else to the original nameservers, bytes unchanged but for the id.
 *
 * <p>Listens on exact addresses only: a wildcard socket would answer redirected packets from the
 * wrong address, and be an open resolver for the whole network. Safe for several threads; {@code
 * start}, {@code listen} and {@code close} wait for sockets and must not be called on an event
 * loop.
 */
public final class DnsServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DnsServer.class);

  /**
   * A loopback address that is nobody's but ours. Firewall rules lead its port 53 here, so that the
   * server can be asked on purpose, whatever the machine's nameservers are.
   */
  public static final InetAddress OWN_ADDRESS = AnsweredNames.SERVER;

  private static final int STANDARD_PORT = 53;

  /** How often a port that is free for one socket is tried for the others. */
  private static final int PORT_TRIES = 32;

  private final Responder responder;
  private final Relay relay;
  private final DnsMeters meters;
  private final ListenerFactory listeners;
  private final Set<InetAddress> fixed;
  private final Map<InetAddress, Listener> open = new LinkedHashMap<>();
  private final int port;
  private Nameservers nameservers;
  private @Nullable Listener standard;
  private boolean closed;

  private DnsServer(
      EventLoopGroup group,
      DnsSettings settings,
      Supplier<Snapshot> visible,
      List<Resolver.Session> resolvers,
      Nameservers nameservers,
      List<InetAddress> addresses,
      int port,
      AddressAdmission admission) {
    Transport transport = Transport.of(group);
    this.nameservers = nameservers;
    this.meters = new DnsMeters();
    this.relay = new Relay(transport, settings, meters);
    this.responder =
        new Responder(
            new LocalNames(settings.ttl(), settings.names()),
            visible,
            new ResolverChain(resolvers, settings, meters),
            relay,
            meters,
            admission);
    this.listeners = new ListenerFactory(group, transport, responder, settings.tcpIdle());
    this.fixed = new LinkedHashSet<>(addresses);
    this.port = port == 0 ? openAnywhere() : openAt(port);
    excludeOurselves();
  }

  /**
   * Starts to answer.
   *
   * @param group drives all sockets; epoll or NIO; not closed by the server
   * @param visible the tables to answer from, read once per query
   * @param resolvers asked in this order what the tables do not know; not closed by the server
   * @param nameservers who is asked what nobody here knows
   * @param addresses where to listen from start to close; {@code ::1} is left out where the machine
   *     has no IPv6
   * @param port for UDP and TCP at all addresses, or 0 for one that is free everywhere
   * @throws UserException if an address or the port cannot be used
   */
  public static DnsServer start(
      EventLoopGroup group,
      DnsSettings settings,
      Supplier<Snapshot> visible,
      List<Resolver.Session> resolvers,
      Nameservers nameservers,
      List<InetAddress> addresses,
      int port) {
    return start(
        group, settings, visible, resolvers, nameservers, addresses, port, AddressAdmission.ALWAYS);
  }

  /**
   * The same, where addresses have to be admitted before they are told.
   *
   * @param admission asked for the addresses of each answer that is not a nameserver's
   */
  public static DnsServer start(
      EventLoopGroup group,
      DnsSettings settings,
      Supplier<Snapshot> visible,
      List<Resolver.Session> resolvers,
      Nameservers nameservers,
      List<InetAddress> addresses,
      int port,
      AddressAdmission admission) {
    return new DnsServer(
        group, settings, visible, resolvers, nameservers, addresses, port, admission);
  }

  /** The port of all listeners, UDP and TCP. */
  public int port() {
    return port;
  }

  /** Where queries are answered at this moment. */
  public synchronized Set<InetAddress> addresses() {
    return Set.copyOf(open.keySet());
  }

  public DnsCounters counters() {
    return meters.read();
  }

  /** What it does at present. */
  public DnsRates rates() {
    return meters.rates();
  }

  /** The names that were last asked for here, by address. */
  public AskedNames asked() {
    return responder.asked();
  }

  /** The last queries, while somebody looks. */
  public QueryLog queries() {
    return responder.log();
  }

  /**
   * How a name is resolved here and now.
   *
   * @throws IllegalArgumentException if it is none (RFC 1035 §2.3.4)
   */
  public NameJourney journey(String host) {
    return responder.journey(
        LocalNames.name(host.endsWith(".") ? host.substring(0, host.length() - 1) : host));
  }

  /**
   * Answers a question for a name of the tables, to nobody: what that loads need not be waited for
   * by the first program that asks.
   */
  public void rehearse(Snapshot tables, String host) {
    responder.rehearse(tables, LocalNames.name(host));
  }

  /** All original nameservers, if none has answered what it was asked last; else none. */
  public List<InetSocketAddress> allSilent() {
    return relay.allSilent();
  }

  /** Takes other nameservers into use, from the next query on. */
  public synchronized void upstream(Nameservers next) {
    nameservers = next;
    excludeOurselves();
  }

  /**
   * Listens at these addresses besides the fixed ones, and no longer at others. An address that
   * cannot be used (a bridge that has just gone) is passed over with a warning, and tried again at
   * the next call.
   */
  public synchronized void listen(Collection<InetAddress> bridges) {
    if (closed) {
      return;
    }
    for (InetAddress address : List.copyOf(open.keySet())) {
      if (!fixed.contains(address) && !bridges.contains(address)) {
        Listener gone = open.remove(address);
        if (gone != null) {
          gone.close();
        }
      }
    }
    for (InetAddress address : bridges) {
      if (!open.containsKey(address)) {
        try {
          open.put(address, listeners.open(address, port));
        } catch (IOException e) {
          log.warn("dns: not listening on {}: {}", text(address, port), e.getMessage());
        }
      }
    }
    excludeOurselves();
  }

  /**
   * Listens at {@link #OWN_ADDRESS} port 53 itself, where no firewall leads its queries here. Does
   * nothing if it does.
   *
   * @throws IOException if the system refuses
   */
  public synchronized void listenAtStandardPort() throws IOException {
    if (!closed && standard == null) {
      standard = listeners.open(OWN_ADDRESS, STANDARD_PORT);
    }
  }

  /** Stops to answer; queries under way get no reply any more. Idempotent. */
  @Override
  public synchronized void close() {
    closed = true;
    closeListeners();
    listeners.closeClients();
  }

  private void closeListeners() {
    for (Listener listener : open.values()) {
      listener.close();
    }
    open.clear();
    Listener last = standard;
    standard = null;
    if (last != null) {
      last.close();
    }
  }

  private int openAt(int wanted) {
    for (InetAddress address : fixed) {
      try {
        open.put(address, listeners.open(address, wanted));
      } catch (IOException e) {
        if (ListenerFactory.isMissingIpv6(address, e)) {
          log.info("dns: not listening on {}: {}", text(address, wanted), e.getMessage());
          continue;
        }
        closeListeners();
        throw unusable(address, wanted, e);
      }
    }
    return wanted;
  }

  private int openAnywhere() {
    List<String> taken = new ArrayList<>();
    while (true) {
      int candidate = freePort();
      try {
        return openAt(candidate);
      } catch (UserException e) {
        taken.add(e.getMessage());
        if (taken.size() == PORT_TRIES) {
          throw e;
        }
      }
    }
  }

  private int freePort() {
    InetAddress first = fixed.iterator().next();
    try {
      return listeners.freePort(first);
    } catch (IOException e) {
      throw unusable(first, 0, e);
    }
  }

  private static UserException unusable(InetAddress address, int port, IOException cause) {
    return new UserException(
        "dns: cannot listen on " + text(address, port) + ": " + cause.getMessage(),
        port == 0
            ? "Check that the address belongs to this machine: ip address show."
            : "Stop the program that uses it (ss -lnutp 'sport = :"
                + port
                + "' names it), or take another port.",
        cause);
  }

  /** Never asks ourselves: such a query would go round until everything is used up. */
  private synchronized void excludeOurselves() {
    List<InetSocketAddress> servers = new ArrayList<>();
    for (InetSocketAddress server : nameservers.upstream()) {
      boolean ours =
          server.getAddress().equals(OWN_ADDRESS)
              || (server.getPort() == port && open.containsKey(server.getAddress()));
      if (!ours) {
        servers.add(server);
      }
    }
    relay.upstreams(servers, nameservers.options());
  }

  private static String text(InetAddress address, int port) {
    String host = address.getHostAddress();
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
  }
}
