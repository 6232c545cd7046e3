package io.teleproxy.tables;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The zones for which one table is authoritative.
 *
 * @param names in lower case without final dot
 */
record Zones(List<String> names) {
  static Zones of(List<String> names) {
    return new Zones(names.stream().map(RecordText::normalize).toList());
  }

  /** The longest zone at or above the name; null if there is none. */
  @Nullable String above(String name) {
    String best = null;
    for (String zone : names) {
      if (isAtOrBelow(name, zone) && (best == null || zone.length() > best.length())) {
        best = zone;
      }
    }
    return best;
  }

  private static boolean isAtOrBelow(String name, String zone) {
    return name.length() == zone.length()
        ? name.equals(zone)
        : name.length() > zone.length()
            && name.endsWith(zone)
            && name.charAt(name.length() - zone.length() - 1) == '.';
  }
}
