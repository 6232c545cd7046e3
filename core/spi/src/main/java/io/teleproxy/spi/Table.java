package io.teleproxy.spi;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;

/**
 * The only currency between sources of names and what answers and intercepts them.
 *
 * <p>A table is made of parts under keys of the source's choice, usually one for each thing that it
 * has: {@code service/shop/web}. A change of one thing makes a new table that shares all other
 * parts with the old one ({@code table.with(table.parts().with(key, part))}), and costs what the
 * part costs, there and in all that follows. What has no need of parts has one, under the empty
 * key.
 *
 * @param name unique among tables; publishing another table of that name replaces this one whole
 * @param zones DNS names without final dot for which this table is authoritative: a name below a
 *     zone that the table does not hold does not exist (NXDOMAIN), and is never relayed
 * @param parts routes and records by key; two parts may speak of the same name or address
 * @param synced false while the source has not been read completely: names in its zones that are
 *     not there yet are answered SERVFAIL instead of NXDOMAIN
 */
public record Table(String name, List<String> zones, TrieMap<String, Part> parts, boolean synced) {
  /** The key of the only part of a table that is not divided. */
  public static final String WHOLE = "";

  /**
   * What belongs together, and changes at once.
   *
   * @param routes where traffic goes; a route's name also resolves to its address
   * @param records resource records in RFC 1035 §5.1 presentation form with absolute owner names,
   *     e.g. {@code _http._tcp.web.default.svc.cluster.local. 5 IN SRV 0 100 80
   *     web.default.svc.cluster.local.}; or an absolute name alone, which then exists though it has
   *     nothing (an empty non-terminal, RFC 8020): {@code dev.svc.cluster.local.}
   */
  public record Part(List<Route> routes, List<String> records) {
    public static final Part EMPTY = new Part(List.of(), List.of());

    public Part {
      routes = List.copyOf(routes);
      records = List.copyOf(records);
    }

    public boolean isEmpty() {
      return routes.isEmpty() && records.isEmpty();
    }
  }

  public Table {
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,62}")) {
      throw new IllegalArgumentException(
          "name: '" + name + "' (expected: 1-63 letters, digits, '.', '_' or '-')");
    }
    zones = List.copyOf(zones);
  }

  /** A table that is not divided. */
  public Table(
      String name, List<String> zones, List<Route> routes, List<String> records, boolean synced) {
    this(name, zones, whole(new Part(routes, records)), synced);
  }

  public Table(String name, List<Route> routes) {
    this(name, List.of(), routes, List.of(), true);
  }

  /** An empty table that claims its zones before its source has been read. */
  public static Table pending(String name, List<String> zones) {
    return new Table(name, zones, TrieMap.empty(), false);
  }

  // Those that records have are linked when first called, which a start can do without (ADR 24).
  @Override
  public boolean equals(Object other) {
    return other instanceof Table table
        && synced == table.synced
        && name.equals(table.name)
        && zones.equals(table.zones)
        && parts.equals(table.parts);
  }

  @Override
  public int hashCode() {
    return Objects.hash(name, zones, parts, synced);
  }

  /** This table with other parts. */
  public Table with(TrieMap<String, Part> otherParts) {
    return new Table(name, zones, otherParts, synced);
  }

  /** The routes of all parts, in the order of the parts' keys. Collected at each call. */
  public List<Route> routes() {
    return collect(Part::routes);
  }

  /** How many routes there are. */
  public int routeCount() {
    int[] count = new int[1];
    parts.forEach((key, part) -> count[0] += part.routes().size());
    return count[0];
  }

  /** The records of all parts, in the order of the parts' keys. Collected at each call. */
  public List<String> records() {
    return collect(Part::records);
  }

  private <T> List<T> collect(Function<Part, List<T>> content) {
    List<T> all = new ArrayList<>();
    parts.keySet().stream()
        .sorted()
        .forEach(key -> all.addAll(content.apply(parts.getOrDefault(key, Part.EMPTY))));
    return List.copyOf(all);
  }

  private static TrieMap<String, Part> whole(Part part) {
    return part.isEmpty() ? TrieMap.empty() : TrieMap.of(WHOLE, part);
  }
}
