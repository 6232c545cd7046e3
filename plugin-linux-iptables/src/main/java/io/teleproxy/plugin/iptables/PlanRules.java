package io.teleproxy.plugin.iptables;

import io.teleproxy.plugin.iptables.TableRules.Jump;
import io.teleproxy.plugin.iptables.TableRules.OwnChain;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.Match;
import io.teleproxy.spi.InterceptPlan.Redirect;
import io.teleproxy.spi.InterceptPlan.Reject;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * A plan as rules of the nat and filter tables of one family. Pure.
 *
 * <p>A plan is one list, first match decides; netfilter has two. What keeps the order:
 *
 * <ul>
 *   <li>redirect before reject: a redirected packet has another destination when filter sees it,
 *       and is passed there by its state DNAT, so that a reject of a loopback prefix does not hit
 *       it;
 *   <li>reject before redirect: nat returns from our chain for what filter will reject, where a
 *       later redirect would take it.
 * </ul>
 */
final class PlanRules {
  /** xt_multiport takes at most 15 ports, a range counts as two. */
  private static final int MULTIPORT_SLOTS = 15;

  private static final int DNS_PORT = 53;

  private final Family family;
  private final boolean expiring;
  private final List<String> nat = new ArrayList<>();
  private final List<String> filter = new ArrayList<>();
  private final List<String> udp = new ArrayList<>();

  private PlanRules(Family family, boolean expiring) {
    this.family = family;
    this.expiring = expiring;
  }

  /**
   * The tables that the plan needs, in the order in which they are to be made; none if the plan has
   * nothing for this family.
   */
  static List<TableRules> of(InterceptPlan plan, Family family, long exemptGid) {
    return of(plan, family, exemptGid, false);
  }

  /**
   * The same.
   *
   * @param expiring whether nameservers are captured only while {@link RecentList} has them
   */
  static List<TableRules> of(InterceptPlan plan, Family family, long exemptGid, boolean expiring) {
    PlanRules rules = new PlanRules(family, expiring);
    rules.dns(plan.dns());
    rules.rules(plan.rules());
    return rules.tables(plan, exemptGid);
  }

  /** The same, with sets for single addresses. */
  static FamilyRules withSets(InterceptPlan plan, Family family, long exemptGid, boolean expiring) {
    SetRules split = SetRules.of(plan.rules(), family);
    PlanRules rules = new PlanRules(family, expiring);
    rules.dns(plan.dns());
    rules.nat.addAll(split.nat());
    rules.filter.addAll(split.filter());
    rules.udp.addAll(split.udp());
    rules.rules(split.rest());
    return new FamilyRules(rules.tables(plan, exemptGid), split.sets());
  }

  private List<TableRules> tables(InterceptPlan plan, long exemptGid) {
    List<TableRules> tables = new ArrayList<>(2);
    if (!nat.isEmpty()) {
      tables.add(table(TableRules.NAT, nat, udp, plan.bridges(), "PREROUTING", "", exemptGid));
    }
    if (!filter.isEmpty()) {
      filter.add(0, "-m conntrack --ctstate DNAT -j RETURN");
      // NEW: packets of connections that live already neither pay for our rules nor are cut.
      String state = "-m conntrack --ctstate NEW ";
      tables.add(
          table(TableRules.FILTER, filter, List.of(), plan.bridges(), "FORWARD", state, exemptGid));
    }
    return List.copyOf(tables);
  }

  private static TableRules table(
      String table,
      List<String> rules,
      List<String> udp,
      List<String> bridges,
      String bridgeChain,
      String condition,
      long exemptGid) {
    // The owner match is allowed only where no other hook can reach it, hence the second chain.
    List<String> output =
        List.of("-m owner --gid-owner " + exemptGid + " -j RETURN", "-j " + TableRules.CHAIN);
    List<Jump> jumps = new ArrayList<>();
    jumps.add(new Jump("OUTPUT", condition + "-j " + TableRules.OUTPUT_CHAIN));
    for (String bridge : bridges) {
      jumps.add(
          new Jump(
              bridgeChain,
              "-i " + interfaceName(bridge) + " " + condition + "-j " + TableRules.CHAIN));
    }
    List<OwnChain> chains = new ArrayList<>();
    chains.add(new OwnChain(TableRules.CHAIN, List.copyOf(rules)));
    chains.add(new OwnChain(TableRules.OUTPUT_CHAIN, output));
    if (!udp.isEmpty()) {
      chains.add(new OwnChain(SetRules.UDP_CHAIN, List.copyOf(udp)));
    }
    return new TableRules(table, List.copyOf(chains), List.copyOf(jumps));
  }

  private void dns(InterceptPlan.DnsCapture dns) {
    for (InetAddress nameserver : dns.nameservers()) {
      if (family.has(nameserver)) {
        Prefix to = Prefix.of(nameserver);
        for (Protocol protocol : List.of(Protocol.UDP, Protocol.TCP)) {
          nat.add(
              match(to, protocol)
                  + port(DNS_PORT, protocol)
                  + (expiring ? RecentList.match(family) : "")
                  + redirect(dns.port()));
        }
      }
    }
  }

  private void rules(List<Rule> rules) {
    boolean[] shadows = RejectShadows.of(rules);
    for (int i = 0; i < rules.size(); i++) {
      Rule rule = rules.get(i);
      Match match = rule.match();
      if (!family.has(match.to().address())) {
        continue;
      }
      String packets = match(match.to(), match.protocol());
      if (rule instanceof Redirect redirect) {
        add(nat, packets, match, redirect(redirect.port()));
      } else if (rule instanceof Reject) {
        if (shadows[i]) {
          add(nat, packets, match, "-j RETURN");
        }
        add(
            filter,
            packets,
            match,
            "-j REJECT --reject-with " + family.rejectWith(match.protocol()));
      }
    }
  }

  private static void add(List<String> chain, String packets, Match match, String target) {
    if (match.ports().isAll()) {
      chain.add(packets + target);
      return;
    }
    List<Ports.Range> ranges = match.ports().ranges();
    for (int next = 0; next < ranges.size(); ) {
      int slots = 0;
      StringBuilder list = new StringBuilder();
      int first = next;
      while (next < ranges.size() && slots + slots(ranges.get(next)) <= MULTIPORT_SLOTS) {
        Ports.Range range = ranges.get(next++);
        slots += slots(range);
        list.append(list.isEmpty() ? "" : ",").append(text(range));
      }
      chain.add(
          packets
              + (next - first == 1
                  ? "-m " + match.protocol().lower() + " --dport " + list + " "
                  : "-m multiport --dports " + list + " ")
              + target);
    }
  }

  private static int slots(Ports.Range range) {
    return range.first() == range.last() ? 1 : 2;
  }

  private static String text(Ports.Range range) {
    return range.first() == range.last()
        ? Integer.toString(range.first())
        : range.first() + ":" + range.last();
  }

  private static String match(Prefix to, Protocol protocol) {
    String destination = to.length() == 0 ? "" : "-d " + AddressText.of(to) + " ";
    return destination + "-p " + protocol.lower() + " ";
  }

  private static String port(int port, Protocol protocol) {
    return "-m " + protocol.lower() + " --dport " + port + " ";
  }

  private static String redirect(int port) {
    return "-j REDIRECT --to-ports " + port;
  }

  /**
   * Interface names are at most 15 bytes (IFNAMSIZ) without white space; a final plus would be a
   * wildcard to iptables.
   */
  private static String interfaceName(String name) {
    boolean valid = !name.isEmpty() && name.length() <= 15 && !name.endsWith("+");
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      valid &= c > ' ' && c < 0x7f && c != '/' && c != '"' && c != '\'' && c != '\\' && c != '!';
    }
    if (!valid) {
      throw new IllegalArgumentException(
          "bridge: '" + name + "' (expected: the name of a network interface)");
    }
    return name;
  }
}
