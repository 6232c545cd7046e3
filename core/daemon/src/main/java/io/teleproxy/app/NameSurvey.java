package io.teleproxy.app;

import io.teleproxy.spi.AnsweredNames;
import io.teleproxy.spi.Table;
import io.teleproxy.tables.Snapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Which names the tables have answers for. A table with zones speaks for those; of one without,
 * each route's name counts by itself, and is collected when the table is another than before.
 * Confined to one thread.
 */
final class NameSurvey {
  private record Collected(Table table, List<String> hosts) {}

  private Map<String, Collected> collected = Map.of();

  AnsweredNames of(Snapshot snapshot) {
    Map<String, Collected> now = new HashMap<>();
    List<String> zones = new ArrayList<>();
    List<String> hosts = new ArrayList<>();
    for (Table table : snapshot.tables()) {
      zones.addAll(table.zones());
      if (table.zones().isEmpty()) {
        Collected before = collected.get(table.name());
        Collected known =
            before != null && before.table().equals(table)
                ? before
                : new Collected(table, hosts(table));
        now.put(table.name(), known);
        hosts.addAll(known.hosts());
      }
    }
    collected = now;
    hosts.removeIf(host -> zones.stream().anyMatch(zone -> isBelow(host, zone)));
    return new AnsweredNames(plain(zones), plain(hosts), plain(snapshot.search()));
  }

  private static List<String> plain(List<String> names) {
    return names.stream().filter(AnsweredNames::isPlain).toList();
  }

  private static List<String> hosts(Table table) {
    TreeSet<String> names = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    table
        .parts()
        .forEach(
            (key, part) ->
                part.routes().stream()
                    .map(route -> route.name())
                    .filter(name -> !name.isEmpty())
                    .forEach(names::add));
    return List.copyOf(names);
  }

  private static boolean isBelow(String host, String zone) {
    return host.equalsIgnoreCase(zone)
        || (host.length() > zone.length()
            && host.charAt(host.length() - zone.length() - 1) == '.'
            && host.regionMatches(true, host.length() - zone.length(), zone, 0, zone.length()));
  }
}
