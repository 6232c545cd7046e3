package io.teleproxy.tables;

import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.TrieMap;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * One table, indexed by name and by address. Immutable: the index of a changed table shares with
 * this one what has not changed, and is the same as if it had been built from nothing.
 */
final class TableIndex {
  private final Table table;
  private final Zones zones;
  private final TrieMap<String, Node> nodes;
  private final RouteIndex routes;

  private TableIndex(Table table, Zones zones, TrieMap<String, Node> nodes, RouteIndex routes) {
    this.table = table;
    this.zones = zones;
    this.nodes = nodes;
    this.routes = routes;
  }

  static TableIndex of(Table table) {
    Table empty = table.with(TrieMap.empty());
    Zones zones = Zones.of(table.zones());
    return new TableIndex(empty, zones, TrieMap.empty(), RouteIndex.EMPTY).with(table);
  }

  /** The index of another table, at the cost of how it differs from this one's. */
  TableIndex with(Table next) {
    if (!next.zones().equals(table.zones())) {
      // Which empty non-terminals there are depends on the zones.
      return of(next);
    }
    NameIndex names = new NameIndex(zones, nodes);
    RouteIndex.Editor places = new RouteIndex.Editor(routes);
    table
        .parts()
        .differences(
            next.parts(),
            (key, before, after) -> {
              names.replace(key, before, after);
              places.replace(before, after);
            });
    return new TableIndex(next, zones, names.done(), places.done());
  }

  Table table() {
    return table;
  }

  /** How many names there are, those included that exist because of one below. */
  int nameCount() {
    return nodes.size();
  }

  RouteIndex routes() {
    return routes;
  }

  @Nullable Node find(String name) {
    return nodes.get(name);
  }

  /** The longest of this table's zones at or above the name. */
  @Nullable String zone(String name) {
    return zones.above(name);
  }

  @Nullable Route route(Protocol protocol, InetAddress address, int port) {
    return routes.find(protocol, address, port);
  }
}
