package io.teleproxy.app;

import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.tables.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** Names of the tables that somebody may have meant who wrote another. */
final class NearNames {
  /** Names that differ by so many letters are offered. */
  private static final int NEAR = 2;

  private static final int MOST = 5;

  private NearNames() {}

  /** With commas between them; empty if there are none. */
  static String of(Snapshot tables, String host) {
    TreeSet<String> near = new TreeSet<>();
    List<String> asked = new ArrayList<>(List.of(host));
    tables.search().forEach(domain -> asked.add(host + "." + domain));
    for (Table table : tables.tables()) {
      for (Route route : table.routes()) {
        if (!route.name().isEmpty() && asked.stream().anyMatch(one -> near(route.name(), one))) {
          near.add(route.name());
        }
        if (near.size() >= MOST) {
          break;
        }
      }
    }
    return String.join(", ", near);
  }

  /** Whether a few changes make one name the other (Levenshtein). */
  private static boolean near(String one, String other) {
    if (Math.abs(one.length() - other.length()) > NEAR) {
      return false;
    }
    int[] row = new int[other.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= one.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int change = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[other.length()] <= NEAR;
  }
}
