package io.teleproxy.app;

import io.teleproxy.proxy.LocalDestinations.Destination;
import io.teleproxy.spi.InterceptPlan.Redirect;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.tables.Snapshot;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Why a connection that a route leads is not led, where each destination takes something of its
 * own.
 */
record Unserved(String reason, String remedy) {
  /** Null if it is led. */
  static @Nullable Unserved of(
      InetSocketAddress to,
      Allotment allotment,
      @Nullable LocalListening listening,
      Snapshot tables) {
    Prefix address = Prefix.of(to.getAddress());
    String host = to.getAddress().getHostAddress();
    Allotment.Given now = allotment.now();
    List<Rule> rules = now.all().get(address);
    if (rules == null) {
      return new Unserved(
          host + " is part of a prefix, and only single addresses are intercepted",
          "Name the address in a table of its own.");
    }
    boolean single =
        rules.stream()
            .anyMatch(
                rule ->
                    rule instanceof Redirect
                        && rule.match().protocol() == Protocol.TCP
                        && rule.match().ports().contains(to.getPort()));
    if (!single) {
      return new Unserved(
          "of "
              + host
              + " all ports are led, but only those that somebody names can be listened at;"
              + " port "
              + to.getPort()
              + " is none of them",
          "Declare the port: in the pod (containerPort), in a service for it, or in a table.");
    }
    if (!now.given().containsKey(address)) {
      String names = names(tables, address);
      return new Unserved(
          host
              + " is not intercepted now: there are "
              + now.wanted()
              + " destinations and "
              + allotment.most()
              + " listeners at most, for the names that were resolved last",
          (names.isEmpty() ? "Resolve its name first" : "Resolve its name first (" + names + ")")
              + "; or allow more listeners in the configuration.");
    }
    Optional<String> refused =
        listening == null ? Optional.empty() : listening.refused(new Destination(Protocol.TCP, to));
    return refused
        .map(
            why ->
                new Unserved(
                    "port "
                        + to.getPort()
                        + " of "
                        + host
                        + " cannot be listened at ("
                        + why
                        + "): a program of this machine listens at this port of all addresses, and"
                        + " answers instead",
                    "'ss -lntup' names it; let it listen at 127.0.0.1 only."))
        .orElse(null);
  }

  private static String names(Snapshot tables, Prefix address) {
    TreeSet<String> names = new TreeSet<>();
    for (Table table : tables.tables()) {
      for (Route route : tables.routesTo(table.name(), address.address())) {
        if (!route.name().isEmpty()) {
          names.add(route.name());
        }
      }
    }
    return String.join(", ", names);
  }
}
