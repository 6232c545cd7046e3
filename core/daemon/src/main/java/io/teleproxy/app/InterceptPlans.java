package io.teleproxy.app;

import io.teleproxy.proxy.UdpProxy;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.Match;
import io.teleproxy.spi.InterceptPlan.Redirect;
import io.teleproxy.spi.InterceptPlan.Reject;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.TrieMap;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** What the firewall has to do for a route, and on the way from one plan to another. */
final class InterceptPlans {
  /** RFC 1122 §3.2.1.3; and the IPv6 prefix reserved for what is not global (RFC 4291 §2.4). */
  private static final List<Prefix> LOOPBACK =
      List.of(Prefix.parse("127.0.0.0/8"), Prefix.parse("::/8"));

  /** A route of so many ports gets no local port for each of them. */
  private static final int MOST_UDP_PORTS = UdpProxy.MOST_DESTINATIONS;

  /** The local ports to which datagrams are redirected. */
  interface UdpPorts {
    /**
     * A plan is begun, in which datagrams are diverted to these SOCKS5 proxies, by local port. All
     * its destinations are asked for anew.
     */
    void begin(Set<Integer> targets);

    /**
     * The local port for a destination whose datagrams are to go to a SOCKS5 proxy; empty if they
     * are to be refused.
     */
    OptionalInt port(InetSocketAddress destination, int target);

    /** Told of a route that cannot be carried: of a prefix, or without a list of ports. */
    void refuse(Route route);
  }

  private InterceptPlans() {}

  /**
   * The new plan plus what only the old one had: in force while DNS still tells names of the old
   * one, so that no name ever resolves to an address that is not intercepted. Costs as much as the
   * two differ.
   */
  static InterceptPlan union(InterceptPlan old, InterceptPlan next) {
    TrieMap.Editor<Prefix, List<Rule>> both = next.byDestination().edit();
    old.byDestination()
        .differences(
            next.byDestination(),
            (to, before, after) -> {
              List<Rule> now = after == null ? List.of() : after;
              List<Rule> rules = new ArrayList<>(now);
              for (Rule rule : before == null ? List.<Rule>of() : before) {
                if (now.stream().noneMatch(other -> other.match().equals(rule.match()))) {
                  rules.add(rule);
                }
              }
              if (rules.size() > now.size()) {
                both.put(to, InterceptPlan.ordered(rules));
              }
            });
    return next.with(both.done());
  }

  /**
   * A prefix so wide that it holds the loopback addresses means other machines: this one's own
   * services, ours among them, stay reachable.
   */
  static List<Prefix> withoutLoopback(Prefix ip) {
    for (Prefix loopback : LOOPBACK) {
      if (ip.length() < loopback.length() && ip.contains(loopback.address())) {
        return ip.without(loopback);
      }
    }
    return List.of(ip);
  }

  /**
   * Without redirections of single ports, where one of all ports of the same address does the same:
   * it is the usual case of pods, whose ports services name.
   */
  static List<Rule> withoutRepetition(List<Rule> rules) {
    List<Rule> all = new ArrayList<>(1);
    for (Rule rule : rules) {
      if (rule instanceof Redirect && rule.match().ports().isAll()) {
        all.add(rule);
      } else if (rule instanceof Reject && !rule.match().ports().isAll()) {
        return rules;
      }
    }
    if (all.isEmpty()) {
      return rules;
    }
    List<Rule> kept = new ArrayList<>(rules);
    kept.removeIf(rule -> all.stream().anyMatch(other -> repeats(rule, other)));
    return kept;
  }

  private static boolean repeats(Rule rule, Rule all) {
    return rule instanceof Redirect one
        && all instanceof Redirect other
        && !one.match().ports().isAll()
        && one.port() == other.port()
        && one.match().protocol() == other.match().protocol();
  }

  /**
   * Adds what the firewall does for one route.
   *
   * @param ip where it leads, or a part of that
   * @param proxyPort where TCP is redirected to; empty for a route that leads to its target itself
   * @param udp asked for each destination of diverted datagrams
   */
  static void addRules(
      List<Rule> rules, Route route, Prefix ip, OptionalInt proxyPort, UdpPorts udp) {
    Match match = new Match(route.protocol(), ip, route.ports());
    if (!(route.action() instanceof Route.Action.Divert divert)) {
      rules.add(new Reject(match));
    } else if (proxyPort.isEmpty()) {
      rules.add(new Redirect(match, divert.target()));
    } else if (route.protocol() == Protocol.TCP) {
      rules.add(new Redirect(match, proxyPort.getAsInt()));
    } else if (!ip.isHost() || route.ports().count() > MOST_UDP_PORTS) {
      udp.refuse(route);
      rules.add(new Reject(match));
    } else {
      addDatagramRules(rules, match, divert.target(), udp);
    }
  }

  private static void addDatagramRules(List<Rule> rules, Match match, int target, UdpPorts udp) {
    List<Integer> refused = new ArrayList<>();
    for (Ports.Range range : match.ports().ranges()) {
      for (int port = range.first(); port <= range.last(); port++) {
        InetSocketAddress destination = new InetSocketAddress(match.to().address(), port);
        OptionalInt local = udp.port(destination, target);
        if (local.isPresent()) {
          Match one = new Match(Protocol.UDP, match.to(), Ports.of(port));
          rules.add(new Redirect(one, local.getAsInt()));
        } else {
          refused.add(port);
        }
      }
    }
    if (!refused.isEmpty()) {
      rules.add(new Reject(new Match(Protocol.UDP, match.to(), Ports.of(refused))));
    }
  }
}
