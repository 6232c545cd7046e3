package io.teleproxy.tables;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.Table.Part;
import io.teleproxy.spi.TrieMap;
import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Tables as JSON:
 *
 * <pre>{@code
 * [{"name": "my-table", "zones": ["demo"], "synced": true,
 *   "routes": [{"name": "myhost", "proto": "tcp", "ip": "1.2.3.4", "port": "80,443",
 *               "action": "divert", "target": "1080"}],
 *   "records": ["host.demo. 5 IN TXT hello"]}]
 * }</pre>
 *
 * Only a table's {@code name} and a route's {@code ip} and {@code target} are required; {@code
 * action} is {@code divert} (default) or {@code reject}, which has no target.
 */
public final class TableJson {
  private static final Set<String> TABLE_FIELDS =
      Set.of("name", "zones", "routes", "records", "parts", "synced");
  private static final Set<String> ROUTE_FIELDS =
      Set.of("name", "proto", "ip", "port", "action", "target");

  private TableJson() {}

  /**
   * Reads one table or an array of tables.
   *
   * @throws IllegalArgumentException naming the place in the text, what stands there and what was
   *     expected; all mistakes at once, a line each
   */
  public static List<Table> read(String text) {
    JsonElement root = parse(text);
    JsonProblems problems = new JsonProblems();
    List<Table> tables = new ArrayList<>();
    if (root.isJsonObject()) {
      table("table", root, tables, problems);
    } else if (root.isJsonArray()) {
      JsonArray array = root.getAsJsonArray();
      for (int i = 0; i < array.size(); i++) {
        table("[" + i + "]", array.get(i), tables, problems);
      }
    } else {
      problems.add("expected: an array of tables");
    }
    Set<String> names = new HashSet<>();
    for (Table table : tables) {
      if (!names.add(table.name())) {
        problems.add("name: '" + table.name() + "' stands twice (expected: unique names)");
      }
    }
    problems.throwIfAny();
    return tables;
  }

  /**
   * Reads an array of strings, as the search path is posted.
   *
   * @throws IllegalArgumentException naming what was expected
   */
  public static List<String> readStrings(String text) {
    JsonProblems problems = new JsonProblems();
    List<String> strings = problems.strings("search", parse(text));
    problems.throwIfAny();
    return strings;
  }

  public static JsonArray write(List<Table> tables) {
    JsonArray array = new JsonArray();
    tables.forEach(table -> array.add(write(table)));
    return array;
  }

  /** A table as {@link #read} takes it, with its parts under their keys. */
  public static JsonObject writeParts(Table table) {
    JsonObject json = TablePatch.between(table.with(TrieMap.empty()), table).json();
    json.addProperty("name", table.name());
    json.add("zones", write(table.zones(), JsonPrimitive::new));
    return json;
  }

  public static JsonObject write(Table table) {
    JsonObject json = new JsonObject();
    json.addProperty("name", table.name());
    if (!table.zones().isEmpty()) {
      json.add("zones", write(table.zones(), JsonPrimitive::new));
    }
    json.add("routes", write(table.routes(), TableJson::write));
    if (!table.records().isEmpty()) {
      json.add("records", write(table.records(), JsonPrimitive::new));
    }
    if (!table.synced()) {
      json.addProperty("synced", false);
    }
    return json;
  }

  /** A part of a table: an object with {@code routes} and {@code records}, those that it has. */
  static JsonObject write(Part part) {
    JsonObject json = new JsonObject();
    if (!part.routes().isEmpty()) {
      json.add("routes", write(part.routes(), TableJson::write));
    }
    if (!part.records().isEmpty()) {
      json.add("records", write(part.records(), JsonPrimitive::new));
    }
    return json;
  }

  private static JsonObject write(Route route) {
    JsonObject json = new JsonObject();
    if (!route.name().isEmpty()) {
      json.addProperty("name", route.name());
    }
    json.addProperty("proto", route.protocol().lower());
    json.addProperty("ip", route.ip().toString());
    if (!route.ports().isAll()) {
      json.addProperty("port", route.ports().toString());
    }
    if (route.action() instanceof Route.Action.Divert divert) {
      json.addProperty("target", Integer.toString(divert.target()));
    } else {
      json.addProperty("action", "reject");
    }
    return json;
  }

  private static <T> JsonArray write(List<T> values, Function<T, JsonElement> element) {
    JsonArray array = new JsonArray(values.size());
    values.forEach(value -> array.add(element.apply(value)));
    return array;
  }

  static JsonElement parse(String text) {
    try (JsonReader reader = new JsonReader(new StringReader(text))) {
      reader.setStrictness(Strictness.STRICT);
      JsonElement root = JsonParser.parseReader(reader);
      if (reader.peek() != JsonToken.END_DOCUMENT) {
        throw new IllegalArgumentException("not JSON: something follows the first value");
      }
      return root;
    } catch (JsonParseException | IOException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      String message = String.valueOf(cause.getMessage());
      int end = message.indexOf('\n');
      throw new IllegalArgumentException(
          "not JSON: " + (end < 0 ? message : message.substring(0, end)), e);
    }
  }

  private static void table(
      String where, JsonElement element, List<Table> tables, JsonProblems problems) {
    if (!element.isJsonObject()) {
      problems.add(where + ": expected: an object with the fields of a table");
      return;
    }
    JsonObject json = element.getAsJsonObject();
    int before = problems.size();
    problems.unknownFields(where, json, TABLE_FIELDS);
    String name = problems.text(where, json, "name", null);
    List<String> zones = problems.strings(where + ".zones", json.get("zones"));
    Part part = part(where, json, true, problems);
    Map<String, Part> parts = new HashMap<>();
    TablePatch.parts(where + ".parts", json.get("parts"), problems)
        .forEach((key, some) -> some.ifPresent(present -> parts.put(key, present)));
    if (!part.isEmpty()) {
      parts.put(Table.WHOLE, part);
    }
    boolean synced = problems.flag(where, json, "synced", true);
    if (problems.size() == before) {
      problems.collect(
          where + ".", () -> tables.add(new Table(name, zones, TrieMap.copyOf(parts), synced)));
    }
  }

  /**
   * The routes and records of an object that may have other fields besides.
   *
   * @param checked whether the records are read, and not only their owners; what is wrong with them
   *     is found when they are asked for else
   */
  static Part part(String where, JsonObject json, boolean checked, JsonProblems problems) {
    List<String> records = problems.strings(where + ".records", json.get("records"));
    for (int i = 0; checked && i < records.size(); i++) {
      int index = i;
      problems.collect(where + ".records[" + i + "].", () -> RecordText.check(records.get(index)));
    }
    return new Part(routes(where + ".routes", json.get("routes"), problems), records);
  }

  private static List<Route> routes(
      String where, @Nullable JsonElement element, JsonProblems problems) {
    List<Route> routes = new ArrayList<>();
    if (element == null) {
      return routes;
    }
    if (!element.isJsonArray()) {
      problems.add(where + ": expected: an array of routes");
      return routes;
    }
    JsonArray array = element.getAsJsonArray();
    for (int i = 0; i < array.size(); i++) {
      route(where + "[" + i + "]", array.get(i), routes, problems);
    }
    return routes;
  }

  private static void route(
      String where, JsonElement element, List<Route> routes, JsonProblems problems) {
    if (!element.isJsonObject()) {
      problems.add(where + ": expected: an object with the fields of a route");
      return;
    }
    JsonObject json = element.getAsJsonObject();
    int before = problems.size();
    problems.unknownFields(where, json, ROUTE_FIELDS);
    String name = problems.text(where, json, "name", "");
    String proto = problems.text(where, json, "proto", "tcp");
    String ip = problems.text(where, json, "ip", null);
    String port = problems.text(where, json, "port", "");
    String action = problems.text(where, json, "action", "divert");
    String target = problems.text(where, json, "target", "");
    if (problems.size() != before) {
      return;
    }
    problems.collect(
        where + ".",
        () ->
            routes.add(
                new Route(
                    name,
                    Protocol.parse(proto),
                    Prefix.parse(ip),
                    Ports.parse(port),
                    action(action, target))));
  }

  private static Route.Action action(String action, String target) {
    switch (action) {
      case "reject" -> {
        if (!target.isEmpty()) {
          throw new IllegalArgumentException(
              "target: '" + target + "' (expected: none, because the action is reject)");
        }
        return new Route.Action.Reject();
      }
      case "divert" -> {
        try {
          return new Route.Action.Divert(Integer.parseInt(target));
        } catch (IllegalArgumentException e) {
          throw new IllegalArgumentException(
              "target: '" + target + "' (expected: the SOCKS5 proxy's local port, 1-65535)", e);
        }
      }
      default ->
          throw new IllegalArgumentException(
              "action: '" + action + "' (expected: divert or reject)");
    }
  }
}
