package io.teleproxy.app;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.Match;
import io.teleproxy.spi.InterceptPlan.Redirect;
import io.teleproxy.spi.InterceptPlan.Reject;
import io.teleproxy.spi.InterceptPlan.Rule;
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
        rules.add(rule(route, own, proxyPort));
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

  private static Rule rule(Route route, boolean own, int proxyPort) {
    Match match = new Match(route.protocol(), route.ip(), route.ports());
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
