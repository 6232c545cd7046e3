package io.teleproxy.spi;

import java.util.List;

/**
 * The only currency between sources of names and what answers and intercepts them.
 *
 * @param name unique among tables; publishing another table of that name replaces this one whole
 * @param zones DNS names without final dot for which this table is authoritative: a name below a
 *     zone that the table does not hold does not exist (NXDOMAIN), and is never relayed
 * @param routes where traffic goes; a route's name also resolves to its address
 * @param records resource records in RFC 1035 §5.1 presentation form with absolute owner names,
 *     e.g. {@code _http._tcp.web.default.svc.cluster.local. 5 IN SRV 0 100 80
 *     web.default.svc.cluster.local.}
 * @param synced false while the source has not been read completely: names in its zones that are
 *     not there yet are answered SERVFAIL instead of NXDOMAIN
 */
public record Table(
    String name, List<String> zones, List<Route> routes, List<String> records, boolean synced) {
  public Table {
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,62}")) {
      throw new IllegalArgumentException(
          "name: '" + name + "' (expected: 1-63 letters, digits, '.', '_' or '-')");
    }
    zones = List.copyOf(zones);
    routes = List.copyOf(routes);
    records = List.copyOf(records);
  }

  public Table(String name, List<Route> routes) {
    this(name, List.of(), routes, List.of(), true);
  }

  /** An empty table that claims its zones before its source has been read. */
  public static Table pending(String name, List<String> zones) {
    return new Table(name, zones, List.of(), List.of(), false);
  }
}
