package io.teleproxy.app;

import io.teleproxy.net.WildcardListeners;
import io.teleproxy.proxy.Counters;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.tables.Snapshot;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Which route decides about a destination, and what it has carried. */
final class RouteExplanation {
  private static final String STEP = "route";

  private final Interception opened;
  private final Snapshot tables;
  private final Protocol protocol;
  private final Steps steps;

  RouteExplanation(Interception opened, Snapshot tables, Protocol protocol, Steps steps) {
    this.opened = opened;
    this.tables = tables;
    this.protocol = protocol;
    this.steps = steps;
  }

  /**
   * Tells it.
   *
   * @return the SOCKS5 proxy's port to which it leads; 0 if there is none
   */
  int explain(InetSocketAddress to) {
    String ip = to.getAddress().getHostAddress();
    Map<String, String> offered = offered(to.getAddress());
    if (to.getPort() == 0) {
      if (offered.isEmpty()) {
        steps.note(STEP, ip + ": no table has routes to it; connections go their ordinary way");
      } else {
        steps.ok(STEP, ip + ": " + offered);
      }
      return 0;
    }
    String what = ip + " " + protocol.lower() + " " + to.getPort();
    Optional<Route> route = tables.route(protocol, to.getAddress(), to.getPort());
    if (route.isEmpty()) {
      steps.note(
          STEP,
          offered.isEmpty()
              ? ip + ": no table has a route to it; the connection goes its ordinary way, past us"
              : what + ": not covered by " + offered);
      return 0;
    }
    if (route.get().action() instanceof Route.Action.Divert divert) {
      steps.ok(
          STEP,
          what
              + ": "
              + text(route.get())
              + " to the SOCKS5 proxy on port "
              + divert.target()
              + history(to));
      return divert.target();
    }
    if (route.get().ip().isHost()) {
      refused(to, what, offered);
    } else {
      steps.broken(
          STEP,
          what + refusal(to) + ", for a table has a route that refuses it: " + offered,
          "If that is not what you want, change the table:"
              + " 'curl http://teleproxy/api/tables/NAME' shows it.");
    }
    return 0;
  }

  /** A port of an address, as of a service. */
  private void refused(InetSocketAddress to, String what, Map<String, String> offered) {
    boolean nothing =
        tables.tables().stream()
            .flatMap(table -> tables.routesTo(table.name(), to.getAddress()).stream())
            .noneMatch(
                one -> one.protocol() == protocol && one.action() instanceof Route.Action.Divert);
    steps.broken(
        STEP,
        what
            + refusal(to)
            + (nothing ? ", there is nothing to lead to" : ", this port is not declared")
            + " ("
            + offered
            + ")",
        nothing
            ? "A service refuses while it has no ready endpoints: see 'kubectl get endpoints' and"
                + " whether its pods are ready."
            : "Use one of its ports, or declare this one in the service.");
  }

  /** By the firewall; or, where the address is this machine's, by nobody's listening there. */
  private String refusal(InetSocketAddress to) {
    if (opened.listening() == null) {
      return ": refused by the firewall" + count(to);
    }
    return WildcardListeners.listening(Path.of("/proc/net"), protocol.lower(), to.getPort())
        ? ": not ours; a program of this machine listens at this port of all addresses, and answers"
            + " ('ss -lntup' names it; at 127.0.0.1 only, it would not)"
        : ": refused, nobody listens there";
  }

  /** As far as the backend can say it. */
  private String count(InetSocketAddress to) {
    try {
      return opened
          .matching(protocol, to)
          .map(rule -> " (" + rule.flows() + " so far: " + rule.rule() + ")")
          .orElse("");
    } catch (IOException e) {
      return " (its rules cannot be read: " + e.getMessage() + ")";
    }
  }

  private Map<String, String> offered(InetAddress address) {
    Map<String, String> offered = new TreeMap<>();
    for (Table table : tables.tables()) {
      for (Route route : tables.routesTo(table.name(), address)) {
        offer(offered, table, route, "");
      }
      for (Route route : tables.prefixRoutes(table.name())) {
        if (route.ip().contains(address)) {
          offer(offered, table, route, route.ip() + " ");
        }
      }
    }
    return offered;
  }

  private static void offer(Map<String, String> offered, Table table, Route route, String to) {
    offered.merge(
        table.name(),
        to + route.protocol().lower() + " " + text(route),
        (some, more) -> some + ", " + more);
  }

  private String history(InetSocketAddress to) {
    long live =
        opened.proxy().flows().stream()
            .filter(flow -> flow.protocol() == protocol && flow.destination().equals(to))
            .count();
    long ended =
        opened.proxy().ended().stream()
            .filter(one -> one.flow().protocol() == protocol && one.flow().destination().equals(to))
            .count();
    Counters all = opened.proxy().counters();
    return "; "
        + (protocol == Protocol.TCP ? "connections" : "flows")
        + " there: "
        + live
        + " open, "
        + ended
        + " of the last that ended (of all: "
        + all.live()
        + " open, "
        + all.accepted()
        + " so far)";
  }

  private static String text(Route route) {
    String ports = route.ports().isAll() ? "all ports" : route.ports().toString();
    return ports + (route.action() instanceof Route.Action.Divert ? " led" : " refused");
  }
}
