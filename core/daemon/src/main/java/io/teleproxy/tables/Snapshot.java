package io.teleproxy.tables;

import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.Table.Part;
import io.teleproxy.spi.TrieMap;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * All tables at one moment, merged. Immutable; readers take one per query or connection.
 *
 * <p>Names are given in lower case without final dot ({@link RecordText#normalize}).
 */
public final class Snapshot {
  /** No tables. */
  public static final Snapshot EMPTY = new Snapshot(new TreeMap<>(), List.of());

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

  /** How many names the tables have, those included that exist only because of one below. */
  public int nameCount() {
    int count = 0;
    for (TableIndex index : indexes.values()) {
      count += index.nameCount();
    }
    return count;
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
      if (route != null && (best == null || RouteIndex.PRECEDENCE.compare(route, best) < 0)) {
        best = route;
      }
    }
    return Optional.ofNullable(best);
  }

  /** The routes of one table to exactly this address; shared, in no order that matters. */
  public List<Route> routesTo(String table, InetAddress address) {
    TableIndex index = indexes.get(table);
    return index == null ? List.of() : index.routes().hosts().getOrDefault(address, List.of());
  }

  /** The routes of one table that lead to more than one address. */
  public List<Route> prefixRoutes(String table) {
    TableIndex index = indexes.get(table);
    return index == null ? List.of() : index.routes().prefixes();
  }

  /**
   * Tells which parts make this snapshot another one, in time that depends on how much they differ;
   * null stands for no part.
   */
  public void differences(Snapshot after, PartDifference difference) {
    Set<String> names = new TreeSet<>(indexes.keySet());
    names.addAll(after.indexes.keySet());
    for (String name : names) {
      parts(name).differences(after.parts(name), (key, old, now) -> difference.at(name, old, now));
    }
  }

  /** Hears of one part that is not the same in two snapshots. */
  @FunctionalInterface
  public interface PartDifference {
    void at(String table, @Nullable Part before, @Nullable Part after);
  }

  private TrieMap<String, Part> parts(String table) {
    TableIndex index = indexes.get(table);
    return index == null ? TrieMap.empty() : index.table().parts();
  }

  Snapshot with(Collection<Table> changed) {
    SortedMap<String, TableIndex> next = new TreeMap<>(indexes);
    for (Table table : changed) {
      TableIndex before = next.get(table.name());
      next.put(table.name(), before == null ? TableIndex.of(table) : before.with(table));
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
