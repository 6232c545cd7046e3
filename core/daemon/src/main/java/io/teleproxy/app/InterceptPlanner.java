package io.teleproxy.app;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.DnsCapture;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.Table.Part;
import io.teleproxy.spi.TrieMap;
import io.teleproxy.tables.Snapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes of each snapshot of the tables the plan for the firewall. Remembers the last one, and looks
 * only at the addresses of which something else is said now; the plan is the same as if it had been
 * made from nothing. What may change without the tables, and is rare, is looked at each time:
 * destinations of datagrams, and of more than one address. Confined to one thread.
 */
final class InterceptPlanner {
  private final OptionalInt proxyPort;
  private final InterceptPlans.UdpPorts udp;
  private final boolean portByPort;
  private Snapshot planned = Snapshot.EMPTY;
  private TrieMap<Prefix, List<Rule>> rules = TrieMap.empty();

  /** Single addresses to which datagrams are diverted. */
  private final Set<Prefix> datagrams = new HashSet<>();

  /** Destinations of more than one address. */
  private Set<Prefix> wide = Set.of();

  /**
   * @param proxyPort where TCP to diverted destinations is redirected to
   * @param udp asked for each destination of diverted datagrams
   * @param portByPort whether single ports matter where all ports of an address are redirected
   */
  InterceptPlanner(int proxyPort, InterceptPlans.UdpPorts udp, boolean portByPort) {
    this.proxyPort = OptionalInt.of(proxyPort);
    this.udp = udp;
    this.portByPort = portByPort;
  }

  InterceptPlan plan(Snapshot next, DnsCapture dns, List<String> bridges) {
    List<String> tables = next.tables().stream().map(Table::name).toList();
    Set<Prefix> touched = touched(next);
    for (Prefix to : touched) {
      if (carriesDatagrams(next, tables, to)) {
        datagrams.add(to);
      } else {
        datagrams.remove(to);
      }
    }
    udp.begin(datagramTargets(next, tables));
    touched.addAll(datagrams);
    TrieMap.Editor<Prefix, List<Rule>> edited = rules.edit();
    for (Prefix to : touched) {
      List<Rule> found = new ArrayList<>(3);
      for (String table : tables) {
        for (Route route : next.routesTo(table, to.address())) {
          addRules(found, table, route, to);
        }
      }
      put(edited, to, found);
    }
    replaceWide(edited, next, tables);
    rules = edited.done();
    planned = next;
    return new InterceptPlan(rules, dns, bridges);
  }

  /** Those rules of a plan just made here that are for destinations of datagrams. */
  List<Rule> datagramRules(InterceptPlan plan) {
    List<Rule> found = new ArrayList<>();
    for (Prefix to : datagrams) {
      found.addAll(plan.byDestination().getOrDefault(to, List.of()));
    }
    return found;
  }

  /** The single addresses of which something is said in parts that are not as they were. */
  private Set<Prefix> touched(Snapshot next) {
    Set<Prefix> touched = new HashSet<>();
    planned.differences(
        next,
        (table, before, after) -> {
          touch(before, touched);
          touch(after, touched);
        });
    return touched;
  }

  private static void touch(@Nullable Part part, Set<Prefix> touched) {
    if (part != null) {
      for (Route route : part.routes()) {
        if (route.ip().isHost()) {
          touched.add(route.ip());
        }
      }
    }
  }

  private static boolean carriesDatagrams(Snapshot next, List<String> tables, Prefix to) {
    for (String table : tables) {
      for (Route route : next.routesTo(table, to.address())) {
        if (divertsDatagrams(route)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean divertsDatagrams(Route route) {
    return route.protocol() == Protocol.UDP && route.action() instanceof Route.Action.Divert;
  }

  private Set<Integer> datagramTargets(Snapshot next, List<String> tables) {
    Set<Integer> targets = new HashSet<>();
    for (String table : tables) {
      for (Prefix to : datagrams) {
        addTargets(next.routesTo(table, to.address()), targets);
      }
      addTargets(next.prefixRoutes(table), targets);
    }
    return targets;
  }

  private static void addTargets(List<Route> routes, Set<Integer> targets) {
    for (Route route : routes) {
      if (route.protocol() == Protocol.UDP && route.action() instanceof Route.Action.Divert to) {
        targets.add(to.target());
      }
    }
  }

  /** Prefixes that hold loopback addresses are split, and the pieces may meet others. */
  private void replaceWide(
      TrieMap.Editor<Prefix, List<Rule>> edited, Snapshot next, List<String> tables) {
    Map<Prefix, List<Rule>> now = new HashMap<>();
    for (String table : tables) {
      for (Route route : next.prefixRoutes(table)) {
        for (Prefix piece : InterceptPlans.withoutLoopback(route.ip())) {
          addRules(now.computeIfAbsent(piece, to -> new ArrayList<>()), table, route, piece);
        }
      }
    }
    for (Prefix gone : wide) {
      if (!now.containsKey(gone)) {
        edited.remove(gone);
      }
    }
    now.forEach((to, found) -> put(edited, to, found));
    wide = now.keySet();
  }

  private void addRules(List<Rule> found, String table, Route route, Prefix to) {
    boolean own = table.equals(Bootstrap.TABLE);
    InterceptPlans.addRules(found, route, to, own ? OptionalInt.empty() : proxyPort, udp);
  }

  private void put(TrieMap.Editor<Prefix, List<Rule>> edited, Prefix to, List<Rule> found) {
    List<Rule> ordered =
        InterceptPlan.ordered(portByPort ? found : InterceptPlans.withoutRepetition(found));
    if (ordered.isEmpty()) {
      edited.remove(to);
    } else if (!ordered.equals(edited.get(to))) {
      edited.put(to, ordered);
    }
  }
}
