package io.teleproxy.plugin.netsh;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.Redirect;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Protocol;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What the machine must have for a plan.
 *
 * @param aliases addresses that the loopback interface has to have
 * @param connections entries of the port proxy, for TCP: from where to where
 * @param datagrams the same for UDP, which we relay ourselves: from where to which port of
 *     127.0.0.1
 * @param left rules that cannot be carried out: prefixes, and redirections of all or very many
 *     ports
 */
record Redirections(
    SortedSet<InetAddress> aliases,
    SortedMap<InetSocketAddress, InetSocketAddress> connections,
    SortedMap<InetSocketAddress, Integer> datagrams,
    int left) {
  static final Comparator<InetAddress> BY_BYTES =
      Comparator.<InetAddress>comparingInt(address -> address.getAddress().length)
          .thenComparing(InetAddress::getAddress, Arrays::compareUnsigned);

  static final Comparator<InetSocketAddress> BY_ADDRESS =
      Comparator.comparing(InetSocketAddress::getAddress, BY_BYTES)
          .thenComparingInt(InetSocketAddress::getPort);

  static final Redirections NONE =
      new Redirections(
          new TreeSet<>(BY_BYTES), new TreeMap<>(BY_ADDRESS), new TreeMap<>(BY_ADDRESS), 0);

  private static final int DNS_PORT = 53;

  /** Each port is an entry of its own. */
  private static final int MOST_PORTS = 256;

  /**
   * Of the rules for one address and port the first decides, as in the plan. What is refused needs
   * nothing but the address: where nobody listens, the system itself refuses.
   *
   * @param arrivals keeps and gives addresses that stand for destinations
   */
  static Redirections of(InterceptPlan plan, Arrivals arrivals) {
    Builder builder = new Builder(arrivals);
    for (InetAddress nameserver : plan.dns().nameservers()) {
      // Those of the network are on the network; ours is asked because the system is told to.
      if (nameserver.isLoopbackAddress()) {
        InetSocketAddress server = new InetSocketAddress(nameserver, DNS_PORT);
        builder.connection(server, plan.dns().port());
        builder.datagrams.put(server, plan.dns().port());
      }
    }
    plan.rules().forEach(builder::add);
    arrivals.retain(builder.connections.keySet());
    return new Redirections(builder.aliases, builder.connections, builder.datagrams, builder.left);
  }

  private static final class Builder {
    private final Arrivals arrivals;
    private final SortedSet<InetAddress> aliases = new TreeSet<>(BY_BYTES);
    private final SortedMap<InetSocketAddress, InetSocketAddress> connections =
        new TreeMap<>(BY_ADDRESS);
    private final SortedMap<InetSocketAddress, Integer> datagrams = new TreeMap<>(BY_ADDRESS);

    /** What an earlier rule has refused. */
    private final Map<Protocol, Set<InetSocketAddress>> refused =
        Map.of(Protocol.TCP, new TreeSet<>(BY_ADDRESS), Protocol.UDP, new TreeSet<>(BY_ADDRESS));

    private int left;

    Builder(Arrivals arrivals) {
      this.arrivals = arrivals;
    }

    void add(Rule rule) {
      Ports ports = rule.match().ports();
      InetAddress address = rule.match().to().address();
      boolean redirects = rule instanceof Redirect;
      if (!rule.match().to().isHost()
          || (redirects && (ports.isAll() || count(ports) > MOST_PORTS))) {
        left++;
        return;
      }
      if (!address.isLoopbackAddress()) {
        aliases.add(address);
      }
      Set<InetSocketAddress> no = refused.getOrDefault(rule.match().protocol(), Set.of());
      for (Ports.Range range : count(ports) > MOST_PORTS ? Ports.ALL.ranges() : ports.ranges()) {
        for (int port = range.first(); port <= range.last(); port++) {
          InetSocketAddress to = new InetSocketAddress(address, port);
          if (!redirects) {
            no.add(to);
          } else if (!no.contains(to)) {
            redirect(rule.match().protocol(), to, ((Redirect) rule).port());
          }
        }
      }
    }

    private void redirect(Protocol protocol, InetSocketAddress to, int port) {
      if (protocol == Protocol.UDP) {
        datagrams.putIfAbsent(to, port);
      } else if (!connections.containsKey(to)) {
        connection(to, port);
      }
    }

    /** What is on loopback leads to the one server that is meant, which knows no arrivals. */
    private void connection(InetSocketAddress to, int port) {
      InetAddress at = to.getAddress().isLoopbackAddress() ? Arrivals.PLAIN : arrivals.of(to);
      connections.put(to, new InetSocketAddress(at, port));
    }

    private static int count(Ports ports) {
      return ports.ranges().stream().mapToInt(r -> r.last() - r.first() + 1).sum();
    }
  }
}
