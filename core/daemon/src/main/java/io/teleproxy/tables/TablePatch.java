package io.teleproxy.tables;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.Table.Part;
import io.teleproxy.spi.TrieMap;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What makes one table another, as a JSON merge patch (RFC 7396) of its parts:
 *
 * <pre>{@code
 * {"synced": true, "parts": {
 *   "service/shop/web": {"routes": [...], "records": [...]},
 *   "service/shop/old": null}}
 * }</pre>
 *
 * @param synced what {@link Table#synced} becomes; empty if it stays
 * @param parts by key; empty for those that go
 */
public record TablePatch(Optional<Boolean> synced, Map<String, Optional<Part>> parts) {
  private static final Set<String> FIELDS = Set.of("synced", "parts");
  private static final Set<String> PART_FIELDS = Set.of("routes", "records");

  public TablePatch {
    parts = Map.copyOf(parts);
  }

  /**
   * The patches that make one table another of the same name and zones, one after the other; the
   * table is synced with the last one at the earliest.
   *
   * @param most parts in one patch
   */
  public static List<TablePatch> between(Table before, Table after, int most) {
    List<TablePatch> patches = new ArrayList<>();
    Map<String, Optional<Part>> parts = new LinkedHashMap<>();
    before
        .parts()
        .differences(
            after.parts(),
            (key, old, now) -> {
              if (parts.size() == most) {
                patches.add(new TablePatch(Optional.empty(), parts));
                parts.clear();
              }
              parts.put(key, Optional.ofNullable(now));
            });
    patches.add(new TablePatch(Optional.of(after.synced()), parts));
    return patches;
  }

  /** The patch that makes one table another of the same name and zones. */
  public static TablePatch between(Table before, Table after) {
    return between(before, after, Integer.MAX_VALUE).get(0);
  }

  public Table applyTo(Table table) {
    TrieMap.Editor<String, Part> edited = table.parts().edit();
    parts.forEach(
        (key, part) -> {
          if (part.isPresent() && !part.get().isEmpty()) {
            edited.put(key, part.get());
          } else {
            edited.remove(key);
          }
        });
    return new Table(table.name(), table.zones(), edited.done(), synced.orElse(table.synced()));
  }

  public JsonObject json() {
    JsonObject json = new JsonObject();
    synced.ifPresent(flag -> json.addProperty("synced", flag));
    JsonObject byKey = new JsonObject();
    parts.forEach(
        (key, part) ->
            byKey.add(key, part.isPresent() ? TableJson.write(part.get()) : JsonNull.INSTANCE));
    json.add("parts", byKey);
    return json;
  }

  /**
   * Reads a patch.
   *
   * @throws IllegalArgumentException naming the place in the text, what stands there and what was
   *     expected; all mistakes at once, a line each
   */
  public static TablePatch read(String text) {
    JsonElement root = TableJson.parse(text);
    if (!root.isJsonObject()) {
      throw new IllegalArgumentException("expected: an object with synced and parts");
    }
    JsonObject json = root.getAsJsonObject();
    JsonProblems problems = new JsonProblems();
    problems.unknownFields("patch", json, FIELDS);
    Optional<Boolean> synced =
        json.has("synced")
            ? Optional.of(problems.flag("patch", json, "synced", false))
            : Optional.empty();
    Map<String, Optional<Part>> parts = parts("patch.parts", json.get("parts"), problems);
    problems.throwIfAny();
    return new TablePatch(synced, parts);
  }

  static Map<String, Optional<Part>> parts(
      String where, @Nullable JsonElement byKey, JsonProblems problems) {
    Map<String, Optional<Part>> parts = new LinkedHashMap<>();
    if (byKey != null && !byKey.isJsonObject()) {
      problems.add(where + ": expected: an object with a part for each key");
    } else if (byKey != null) {
      for (Map.Entry<String, JsonElement> part : byKey.getAsJsonObject().entrySet()) {
        String place = where + "['" + part.getKey() + "']";
        parts.put(part.getKey(), part(place, part.getValue(), problems));
      }
    }
    return parts;
  }

  private static Optional<Part> part(String where, JsonElement element, JsonProblems problems) {
    if (element.isJsonNull()) {
      return Optional.empty();
    }
    if (!element.isJsonObject()) {
      problems.add(where + ": expected: an object with routes and records, or null");
      return Optional.empty();
    }
    JsonObject json = element.getAsJsonObject();
    problems.unknownFields(where, json, PART_FIELDS);
    return Optional.of(TableJson.part(where, json, false, problems));
  }
}
