package io.teleproxy.tables;

import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table.Part;
import io.teleproxy.spi.TrieMap;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The names of one table on the way from one state to the next. A name in a zone exists as long as
 * something is said of it or of a name below it. Confined to one thread.
 */
final class NameIndex {
  private final Zones zones;
  private final TrieMap.Editor<String, Node> nodes;

  NameIndex(Zones zones, TrieMap<String, Node> before) {
    this.zones = zones;
    this.nodes = before.edit();
  }

  /** Puts what a part says now in the place of what it has said before. */
  void replace(String key, @Nullable Part before, @Nullable Part after) {
    Map<String, List<Object>> said = new HashMap<>();
    // Names that are no longer spoken of have nothing said of them.
    collect(before, said);
    said.values().forEach(List::clear);
    collect(after, said);
    said.forEach((name, values) -> replace(name, key, values));
  }

  TrieMap<String, Node> done() {
    return nodes.done();
  }

  private void replace(String name, String key, List<Object> values) {
    Node before = nodes.get(name);
    Node after = (before == null ? Node.NONE : before).with(key, values);
    if (after != before) {
      put(name, before, after);
    }
  }

  /** Puts a node, with those above it that begin or cease to exist with it. */
  private void put(String name, @Nullable Node before, Node after) {
    if (!after.isGone()) {
      nodes.put(name, after);
    } else if (before != null) {
      nodes.remove(name);
    }
    int more = (after.isGone() ? 0 : 1) - (before == null ? 0 : 1);
    int dot = name.indexOf('.');
    if (more == 0 || dot < 0) {
      return;
    }
    String above = name.substring(dot + 1);
    if (zones.above(above) != null) {
      Node parent = nodes.get(above);
      put(above, parent, (parent == null ? Node.NONE : parent).withChildren(more));
    }
  }

  private static void collect(@Nullable Part part, Map<String, List<Object>> said) {
    if (part == null) {
      return;
    }
    for (Route route : part.routes()) {
      if (!route.name().isEmpty()) {
        said.computeIfAbsent(RecordText.normalize(route.name()), name -> new ArrayList<>(1))
            .add(route.ip().address());
      }
    }
    for (String record : part.records()) {
      said.computeIfAbsent(RecordText.owner(record), name -> new ArrayList<>(1)).add(record);
    }
  }
}
