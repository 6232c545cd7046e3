package io.teleproxy.tables;

import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * All tables at one moment, merged. Immutable; readers take one per query or connection.
 *
 * <p>Names are given in lower case without final dot ({@link RecordText#normalize}).
 */
public final class Snapshot {
  static final Snapshot EMPTY = new Snapshot(new TreeMap<>(), List.of());

  private final SortedMap<String, TableIndex> indexes;
  private final List<String> search;

  private Snapshot(SortedMap<String, TableIndex> indexes, List<String> search) {
    this.indexes = indexes;
    this.search = List.copyOf(search);
  }

  /**
   * A zone above a name.
   *
   * @param name the zone's name
   * @param synced whether the tables that claim it have been read completely
   */
  public record Zone(String name, boolean synced) {}

  /** All tables, by name. */
  public List<Table> tables() {
    return indexes.values().stream().map(TableIndex::table).toList();
  }

  public Optional<Table> table(String name) {
    return Optional.ofNullable(indexes.get(name)).map(TableIndex::table);
  }

  /** Domains that complete relative names, first wins; in lower case without final dot. */
  public List<String> search() {
    return search;
  }

  /** What the tables hold under exactly this name; empty if the name is in none of them. */
  public List<Node> nodes(String name) {
    List<Node> found = new ArrayList<>(1);
    for (TableIndex index : indexes.values()) {
      Node node = index.find(name);
      if (node != null) {
        found.add(node);
      }
    }
    return found;
  }

  /** The closest zone at or above the name for which a table is authoritative. */
  public Optional<Zone> zone(String name) {
    String best = null;
    boolean synced = true;
    for (TableIndex index : indexes.values()) {
      String zone = index.zone(name);
      if (zone == null || (best != null && zone.length() < best.length())) {
        continue;
      }
      synced = (zone.equals(best) ? synced : true) && index.table().synced();
      best = zone;
    }
    return best == null ? Optional.empty() : Optional.of(new Zone(best, synced));
  }

  /** The route that decides about this destination. */
  public Optional<Route> route(Protocol protocol, InetAddress address, int port) {
    Route best = null;
    for (TableIndex index : indexes.values()) {
      Route route = index.route(protocol, address, port);
      if (route != null && (best == null || TableIndex.PRECEDENCE.compare(route, best) < 0)) {
        best = route;
      }
    }
    return Optional.ofNullable(best);
  }

  Snapshot with(Collection<Table> changed) {
    SortedMap<String, TableIndex> next = new TreeMap<>(indexes);
    for (Table table : changed) {
      next.put(table.name(), new TableIndex(table));
    }
    return new Snapshot(next, search);
  }

  Snapshot without(String name) {
    SortedMap<String, TableIndex> next = new TreeMap<>(indexes);
    next.remove(name);
    return new Snapshot(next, search);
  }

  Snapshot withSearch(List<String> domains) {
    return new Snapshot(indexes, domains.stream().map(RecordText::normalize).toList());
  }
}
