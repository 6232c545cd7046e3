package io.teleproxy.tables;

import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One table, indexed by name and by address. Built once per published table; immutable after. */
final class TableIndex {
  /** As {@link io.teleproxy.spi.InterceptPlan} orders its rules: the first match decides. */
  static final Comparator<Route> PRECEDENCE =
      Comparator.<Route, Prefix>comparing(Route::ip)
          .thenComparing(Route::ports)
          .thenComparing(route -> route.action() instanceof Route.Action.Divert ? 0 : 1);

  private final Table table;
  private final Map<String, Node> nodes = new HashMap<>();
  private final List<String> zones;
  private final Map<InetAddress, List<Route>> hosts = new HashMap<>();
  private final List<Route> prefixes = new ArrayList<>();

  TableIndex(Table table) {
    this.table = table;
    this.zones = table.zones().stream().map(RecordText::normalize).toList();
    for (Route route : table.routes()) {
      if (!route.name().isEmpty()) {
        node(RecordText.normalize(route.name())).add(route.ip().address());
      }
      if (route.ip().isHost()) {
        hosts.computeIfAbsent(route.ip().address(), ip -> new ArrayList<>(2)).add(route);
      } else {
        prefixes.add(route);
      }
    }
    for (String record : table.records()) {
      node(RecordText.owner(record)).add(record);
    }
    hosts.values().forEach(routes -> routes.sort(PRECEDENCE));
    prefixes.sort(PRECEDENCE);
  }

  Table table() {
    return table;
  }

  @Nullable Node find(String name) {
    return nodes.get(name);
  }

  /** The longest of this table's zones at or above the name. */
  @Nullable String zone(String name) {
    String best = null;
    for (String zone : zones) {
      if (isAtOrBelow(name, zone) && (best == null || zone.length() > best.length())) {
        best = zone;
      }
    }
    return best;
  }

  @Nullable Route route(Protocol protocol, InetAddress address, int port) {
    for (Route route : hosts.getOrDefault(address, List.of())) {
      if (route.protocol() == protocol && route.ports().contains(port)) {
        return route;
      }
    }
    for (Route route : prefixes) {
      if (route.protocol() == protocol
          && route.ip().contains(address)
          && route.ports().contains(port)) {
        return route;
      }
    }
    return null;
  }

  static boolean isAtOrBelow(String name, String zone) {
    return name.length() == zone.length()
        ? name.equals(zone)
        : name.length() > zone.length()
            && name.endsWith(zone)
            && name.charAt(name.length() - zone.length() - 1) == '.';
  }

  /** The node of that name, made if need be together with the empty non-terminals above it. */
  private Node node(String name) {
    Node known = nodes.get(name);
    if (known != null) {
      return known;
    }
    Node made = new Node();
    nodes.put(name, made);
    if (zone(name) != null) {
      int dot = name.indexOf('.');
      while (dot >= 0 && zone(name.substring(dot + 1)) != null) {
        if (nodes.putIfAbsent(name.substring(dot + 1), new Node()) != null) {
          break;
        }
        dot = name.indexOf('.', dot + 1);
      }
    }
    return made;
  }
}
