package io.teleproxy.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

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
final class ConnectionsCommand implements Callable<Integer> {
  private static final long PERIOD_MILLIS = 500;

  @Option(names = "--follow", description = "Go on, one line for each that begins or ends.")
  private boolean follow;

  @Option(names = "--json", description = "As JSON, for programs; with --follow one per line.")
  private boolean json;

  private final Program program;

  ConnectionsCommand(Program program) {
    this.program = program;
  }

  @Override
  public Integer call() throws InterruptedException {
    ApiClient api = ApiClient.find(program.environment());
    JsonObject now = api.get("/api/connections").getAsJsonObject();
    if (!follow) {
      program.out().print(json ? Json.text(now) : table(now));
      return 0;
    }
    Set<String> told = new HashSet<>();
    for (JsonElement old : now.getAsJsonArray("ended")) {
      told.add("-" + id(old));
    }
    while (!program.out().checkError()) {
      told.retainAll(ids(now));
      for (JsonElement flow : now.getAsJsonArray("live")) {
        tell(told, "+", flow.getAsJsonObject());
      }
      for (JsonElement flow : now.getAsJsonArray("ended")) {
        tell(told, "-", flow.getAsJsonObject());
      }
      Thread.sleep(PERIOD_MILLIS);
      now = api.get("/api/connections").getAsJsonObject();
    }
    return 0;
  }

  private void tell(Set<String> told, String sign, JsonObject flow) {
    if (told.add(sign + id(flow))) {
      program
          .out()
          .println(json ? flow : (sign + " " + String.join("  ", row(flow))).stripTrailing());
    }
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
            "PROCESS", "UID", "PROTO", "DESTINATION", "NAME", "STATE", "AGE", "UP", "DOWN", "END"));
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
        pid.isEmpty() ? "-" : pid + "/" + Json.text(flow, "process"),
        pid.isEmpty() ? "-" : Json.text(flow, "uid"),
        Json.text(flow, "protocol"),
        Json.text(flow, "destination"),
        orDash(Json.text(flow, "name")),
        Json.text(flow, "state"),
        seconds(Json.text(flow, "age-ms")),
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
