package io.teleproxy.plugin.iptables;

import io.teleproxy.plugin.iptables.FamilyRules.AddressSet;
import io.teleproxy.spi.InterceptPlan.Redirect;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Ports.Range;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The part of a plan that concerns single addresses and single ports, as sets: what a packet costs
 * does not grow with them, and a change is one element. All else stays a rule of its own. Pure.
 *
 * <p>Addresses are of one kind or the other, never both, and single addresses come first in a plan;
 * so all that is kept here is the order within one address: its ports before the rest of it.
 */
final class SetRules {
  /** Of all sets of ours; the watchdog knows it, too. */
  static final String PREFIX = "teleproxy-";

  /** UDP destinations, of which each has a port of ours. */
  static final String UDP_CHAIN = TableRules.CHAIN + "-UDP";

  /** An address with more ports than this has rules of its own. */
  private static final int MOST_PORTS = 256;

  private static final String RETURN = "-j RETURN";

  private final Family family;
  private final Map<String, AddressSet> sets = new TreeMap<>();
  private final List<String> nat = new ArrayList<>();
  private final List<String> filter = new ArrayList<>();
  private final List<String> udp = new ArrayList<>();
  private final List<Rule> rest = new ArrayList<>();

  private SetRules(Family family) {
    this.family = family;
  }

  /** Splits a plan's rules, which are in its order. */
  static SetRules of(List<Rule> rules, Family family) {
    SetRules split = new SetRules(family);
    Map<InetAddress, List<Rule>> byAddress = new LinkedHashMap<>();
    for (Rule rule : rules) {
      Prefix to = rule.match().to();
      if (family.has(to.address()) && to.length() == 8 * to.address().getAddress().length) {
        byAddress.computeIfAbsent(to.address(), address -> new ArrayList<>(4)).add(rule);
      } else {
        split.rest.add(rule);
      }
    }
    List<Rule> irregular = new ArrayList<>();
    byAddress.forEach(
        (address, group) -> {
          if (!address.isAnyLocalAddress() && group.stream().allMatch(SetRules::regular)) {
            split.add(address, group);
          } else {
            irregular.addAll(group);
          }
        });
    split.rest.addAll(0, irregular);
    split.name();
    return split;
  }

  Map<String, AddressSet> sets() {
    return sets;
  }

  /** Rules of the nat table's chain, to stand before those of {@link #rest}. */
  List<String> nat() {
    return nat;
  }

  /** Rules of the filter table's chain, to stand before those of {@link #rest}. */
  List<String> filter() {
    return filter;
  }

  /** Rules of {@link #UDP_CHAIN} in nat. */
  List<String> udp() {
    return udp;
  }

  /** What is not in sets. */
  List<Rule> rest() {
    return rest;
  }

  private static boolean regular(Rule rule) {
    if (rule.match().ports().isAll()) {
      return !(rule instanceof Redirect) || rule.match().protocol() == Protocol.TCP;
    }
    int ports = 0;
    for (Range range : rule.match().ports().ranges()) {
      ports += range.last() - range.first() + 1;
    }
    return ports <= MOST_PORTS;
  }

  /** One address's rules: the first that has a port, or all ports, decides. */
  private void add(InetAddress address, List<Rule> rules) {
    String host = address.getHostAddress();
    for (Protocol protocol : Protocol.values()) {
      Map<Integer, Rule> ports = new LinkedHashMap<>();
      Rule others = null;
      for (Rule rule : rules) {
        if (rule.match().protocol() != protocol) {
          continue;
        }
        if (rule.match().ports().isAll()) {
          others = others == null ? rule : others;
        }
        for (Range range : rule.match().ports().ranges()) {
          for (int port = range.first(); port <= range.last(); port++) {
            ports.putIfAbsent(port, rule);
          }
        }
      }
      String lower = protocol.lower();
      ports.forEach(
          (port, rule) -> {
            put(name(rule, "ports"), "hash:ip,port", host + "," + lower + ":" + port);
            if (protocol == Protocol.UDP && rule instanceof Redirect redirect) {
              udp.add(
                  "-d "
                      + AddressText.of(Prefix.of(address))
                      + " -p udp -m udp --dport "
                      + port
                      + " -j REDIRECT --to-ports "
                      + redirect.port());
            }
          });
      if (others != null) {
        put(name(others, "hosts"), "hash:ip", host);
      }
    }
  }

  private void put(String set, String type, String element) {
    sets.computeIfAbsent(set, name -> new AddressSet(type, new LinkedHashSet<>()))
        .elements()
        .add(element);
  }

  /** At most 31 characters, which ipset allows. */
  private String name(Rule rule, String kind) {
    Protocol protocol = rule.match().protocol();
    String to = "reject";
    if (rule instanceof Redirect redirect) {
      to = protocol == Protocol.UDP ? "to" : Integer.toString(redirect.port());
    }
    return prefix() + protocol.lower() + "-" + kind + "-" + to;
  }

  private String prefix() {
    return prefix(family);
  }

  static String prefix(Family family) {
    return PREFIX + (family == Family.IPV4 ? "4-" : "6-");
  }

  /** The rules that name the sets: ports before hosts, and what is refused passes nat untouched. */
  private void name() {
    for (String kind : List.of("ports", "hosts")) {
      for (Protocol protocol : Protocol.values()) {
        String start = prefix() + protocol.lower() + "-" + kind + "-";
        for (String set : sets.keySet()) {
          if (set.startsWith(start)) {
            name(set, set.substring(start.length()), protocol, kind);
          }
        }
      }
    }
  }

  private void name(String set, String to, Protocol protocol, String kind) {
    String match =
        "-p "
            + protocol.lower()
            + " -m set --match-set "
            + set
            + (kind.equals("ports") ? " dst,dst " : " dst ");
    if (to.equals("reject")) {
      nat.add(match + RETURN);
      filter.add(match + "-j REJECT --reject-with " + family.rejectWith(protocol));
    } else if (to.equals("to")) {
      nat.add(match + "-j " + UDP_CHAIN);
    } else {
      nat.add(match + "-j REDIRECT --to-ports " + to);
    }
  }
}
