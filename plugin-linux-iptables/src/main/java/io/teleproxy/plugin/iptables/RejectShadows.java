package io.teleproxy.plugin.iptables;

import io.teleproxy.spi.InterceptPlan.Match;
import io.teleproxy.spi.InterceptPlan.Redirect;
import io.teleproxy.spi.InterceptPlan.Reject;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds the rejects that stand before a redirect for some of the same addresses: only those need a
 * rule in nat of their own. Plans have a reject for every service and seldom a prefix behind them.
 */
final class RejectShadows {
  /** Prefixes that redirects of one protocol have, and the lengths that occur among them. */
  private static final class Seen {
    final Set<Prefix> prefixes = new HashSet<>();
    final Set<Integer> lengths = new TreeSet<>();
  }

  private RejectShadows() {}

  /**
   * For each rule whether it is a reject with a redirect of the same protocol behind it that covers
   * its addresses. Ports are not compared. Relies on the plan's order, longest prefix first: what
   * overlaps and comes later is as wide or wider.
   */
  static boolean[] of(List<Rule> rules) {
    boolean[] shadows = new boolean[rules.size()];
    Map<Protocol, Seen> later = new EnumMap<>(Protocol.class);
    for (int i = rules.size() - 1; i >= 0; i--) {
      Match match = rules.get(i).match();
      Seen seen = later.computeIfAbsent(match.protocol(), protocol -> new Seen());
      if (rules.get(i) instanceof Redirect) {
        seen.prefixes.add(match.to());
        seen.lengths.add(match.to().length());
      } else if (rules.get(i) instanceof Reject) {
        shadows[i] = covered(match.to(), seen);
      }
    }
    return shadows;
  }

  private static boolean covered(Prefix prefix, Seen redirects) {
    for (int length : redirects.lengths) {
      if (length <= prefix.length()
          && redirects.prefixes.contains(new Prefix(prefix.address(), length))) {
        return true;
      }
    }
    return false;
  }
}
