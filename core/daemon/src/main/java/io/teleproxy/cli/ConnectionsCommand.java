package io.teleproxy.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Command;

/** {@code teleproxy connections}. */
@Command(
    name = "connections",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    description = {
      "Show the connections that teleproxy carries: which program has them, where they lead, what"
          + " went through, and how the last ones ended.",
      ""
    })
final class ConnectionsCommand extends LiveCommand {
  /** Ids of those that were told of, with a sign for beginning or end. */
  private final Set<String> told = new HashSet<>();

  ConnectionsCommand(Program program) {
    super(program);
  }

  @Override
  String path() {
    return "/api/connections";
  }

  @Override
  JsonElement overview(JsonObject now) {
    return now;
  }

  @Override
  String overviewText(JsonObject now) {
    return table(now);
  }

  @Override
  List<JsonObject> news(JsonObject now, boolean first) {
    told.retainAll(ids(now));
    List<JsonObject> news = new ArrayList<>();
    for (JsonElement flow : now.getAsJsonArray("live")) {
      if (told.add("+" + id(flow))) {
        news.add(flow.getAsJsonObject());
      }
    }
    for (JsonElement flow : now.getAsJsonArray("ended")) {
      if (told.add("-" + id(flow)) && !first) {
        news.add(flow.getAsJsonObject());
      }
    }
    return news;
  }

  @Override
  String line(JsonObject flow) {
    return ((flow.has("ended") ? "- " : "+ ") + String.join("  ", row(flow))).stripTrailing();
  }

  /** What can still be told of: else this would remember every connection there ever was. */
  private static Set<String> ids(JsonObject now) {
    Set<String> ids = new HashSet<>();
    now.getAsJsonArray("live").forEach(flow -> ids.add("+" + id(flow)));
    now.getAsJsonArray("ended")
        .forEach(flow -> ids.addAll(List.of("+" + id(flow), "-" + id(flow))));
    return ids;
  }

  private static String id(JsonElement flow) {
    return Json.text(flow.getAsJsonObject(), "id");
  }

  private static String table(JsonObject now) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            "ID",
            "PROCESS",
            "UID",
            "PROTO",
            "DESTINATION",
            "NAME",
            "STATE",
            "AGE",
            "RTT",
            "UP",
            "DOWN",
            "END"));
    for (String part : List.of("live", "ended")) {
      JsonArray flows = now.getAsJsonArray(part);
      for (JsonElement flow : flows) {
        rows.add(row(flow.getAsJsonObject()));
      }
    }
    return rows.size() == 1 ? "no connections yet\n" : Columns.text(rows);
  }

  private static List<String> row(JsonObject flow) {
    String pid = Json.text(flow, "pid");
    return List.of(
        "#" + id(flow),
        pid.isEmpty() ? "-" : pid + "/" + Json.text(flow, "process"),
        pid.isEmpty() ? "-" : Json.text(flow, "uid"),
        Json.text(flow, "protocol"),
        Json.text(flow, "destination"),
        orDash(Json.text(flow, "name")),
        Json.text(flow, "state"),
        seconds(Json.text(flow, "age-ms")),
        flow.has("round-trip-ms") ? Json.text(flow, "round-trip-ms") + "ms" : "-",
        Json.text(flow, "bytes-up"),
        Json.text(flow, "bytes-down"),
        orDash(Json.text(flow, "reason")));
  }

  private static String seconds(String millis) {
    long ms = millis.isEmpty() ? 0 : Long.parseLong(millis);
    return ms < 1000 ? ms + "ms" : ms / 1000 + "s";
  }

  private static String orDash(String text) {
    return text.isEmpty() ? "-" : text;
  }
}
