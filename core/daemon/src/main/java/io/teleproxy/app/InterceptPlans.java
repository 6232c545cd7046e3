package io.teleproxy.app;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.Match;
import io.teleproxy.spi.InterceptPlan.Redirect;
import io.teleproxy.spi.InterceptPlan.Reject;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.tables.Snapshot;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What the firewall has to do for a snapshot of the tables: a pure function. */
final class InterceptPlans {
  /** RFC 1122 §3.2.1.3; and the IPv6 prefix reserved for what is not global (RFC 4291 §2.4). */
  private static final List<Prefix> LOOPBACK =
      List.of(Prefix.parse("127.0.0.0/8"), Prefix.parse("::/8"));

  private InterceptPlans() {}

  /**
   * The plan for these tables.
   *
   * @param proxyPort where TCP to diverted destinations is redirected to
   */
  static InterceptPlan of(
      Snapshot snapshot, int proxyPort, InterceptPlan.DnsCapture dns, List<String> bridges) {
    List<Rule> rules = new ArrayList<>();
    for (Table table : snapshot.tables()) {
      boolean own = table.name().equals(Bootstrap.TABLE);
      for (Route route : table.routes()) {
        for (Prefix ip : withoutLoopback(route.ip())) {
          rules.add(rule(route, ip, own, proxyPort));
        }
      }
    }
    return InterceptPlan.of(rules, dns, bridges);
  }

  /**
   * The new plan plus what only the old one had: in force while DNS still tells names of the old
   * one, so that no name ever resolves to an address that is not intercepted.
   */
  static InterceptPlan union(InterceptPlan old, InterceptPlan next) {
    Set<Match> matches = new HashSet<>();
    next.rules().forEach(rule -> matches.add(rule.match()));
    List<Rule> rules = new ArrayList<>(next.rules());
    for (Rule rule : old.rules()) {
      if (!matches.contains(rule.match())) {
        rules.add(rule);
      }
    }
    return rules.size() == next.rules().size()
        ? next
        : InterceptPlan.of(rules, next.dns(), next.bridges());
  }

  /**
   * A prefix so wide that it holds the loopback addresses means other machines: this one's own
   * services, ours among them, stay reachable.
   */
  private static List<Prefix> withoutLoopback(Prefix ip) {
    for (Prefix loopback : LOOPBACK) {
      if (ip.length() < loopback.length() && ip.contains(loopback.address())) {
        return ip.without(loopback);
      }
    }
    return List.of(ip);
  }

  private static Rule rule(Route route, Prefix ip, boolean own, int proxyPort) {
    Match match = new Match(route.protocol(), ip, route.ports());
    if (!(route.action() instanceof Route.Action.Divert divert)) {
      return new Reject(match);
    }
    if (own) {
      return new Redirect(match, divert.target());
    }
    // No tunnel carries UDP yet; a refusal at once is better than silence.
    return route.protocol() == Protocol.TCP ? new Redirect(match, proxyPort) : new Reject(match);
  }
}
