package io.teleproxy.plugin.nftables;

import io.teleproxy.spi.InterceptPlan.Redirect;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Ports.Range;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import java.util.ArrayList;
import java.util.List;

/**
 * What happens to the ports of one prefix and protocol: the first rule that names a port has
 * decided, so listed ranges do not overlap and may be tried in any order. Pure.
 */
final class PortVerdicts {
  /** The verdict of a reject; others are the port to redirect to. */
  static final int REJECT = 0;

  /** No rule decides. */
  static final int NONE = -1;

  /** Ports with one verdict. */
  record Listed(Range range, int verdict) {}

  final Prefix prefix;
  final Protocol protocol;
  final List<Listed> listed = new ArrayList<>();

  /** The verdict for ports that are not listed. */
  int others = NONE;

  private PortVerdicts(Prefix prefix, Protocol protocol) {
    this.prefix = prefix;
    this.protocol = protocol;
  }

  /**
   * Groups a plan's rules by prefix and protocol, in the plan's order, which has rules of one group
   * side by side.
   */
  static List<PortVerdicts> of(List<Rule> rules) {
    List<PortVerdicts> groups = new ArrayList<>();
    PortVerdicts group = null;
    for (Rule rule : rules) {
      Prefix prefix = rule.match().to();
      Protocol protocol = rule.match().protocol();
      if (group == null || protocol != group.protocol || !prefix.equals(group.prefix)) {
        group = new PortVerdicts(prefix, protocol);
        groups.add(group);
      }
      group.add(rule);
    }
    return groups;
  }

  boolean rejects() {
    if (others == REJECT) {
      return true;
    }
    for (Listed some : listed) {
      if (some.verdict() == REJECT) {
        return true;
      }
    }
    return false;
  }

  private void add(Rule rule) {
    int verdict = rule instanceof Redirect redirect ? redirect.port() : REJECT;
    if (rule.match().ports().isAll()) {
      if (others == NONE) {
        others = verdict;
      }
      return;
    }
    int decided = listed.size();
    for (Range range : rule.match().ports().ranges()) {
      addUndecided(range.first(), range.last(), verdict, 0, decided);
    }
  }

  /** Adds what earlier rules, the listed ones from one index to another, leave of a range. */
  private void addUndecided(int first, int last, int verdict, int from, int to) {
    for (int i = from; i < to; i++) {
      Range taken = listed.get(i).range();
      if (first <= taken.last() && taken.first() <= last) {
        if (first < taken.first()) {
          addUndecided(first, taken.first() - 1, verdict, i + 1, to);
        }
        if (taken.last() < last) {
          addUndecided(taken.last() + 1, last, verdict, i + 1, to);
        }
        return;
      }
    }
    listed.add(new Listed(new Range(first, last), verdict));
  }
}
