package io.teleproxy.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code teleproxy dns}. */
@Command(
    name = "dns",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    description = {
      "Show how many DNS queries came and who answered them, and with --follow each of them.",
      ""
    })
final class DnsCommand extends LiveCommand {
  private long last;

  DnsCommand(Program program) {
    super(program);
  }

  @Override
  String path() {
    return "/api/queries?after=" + last;
  }

  @Override
  JsonElement overview(JsonObject now) {
    return now.getAsJsonObject("counters");
  }

  @Override
  String overviewText(JsonObject now) {
    return StatusView.text(overview(now));
  }

  @Override
  List<JsonObject> news(JsonObject now, boolean first) {
    List<JsonObject> news = new ArrayList<>();
    for (JsonElement element : now.getAsJsonArray("queries")) {
      JsonObject query = element.getAsJsonObject();
      last = Math.max(last, query.get("id").getAsLong());
      if (!first) {
        news.add(query);
      }
    }
    return news;
  }

  @Override
  String line(JsonObject query) {
    return String.format(
        "%s  %-5s %-40s %-8s by %-10s %s us",
        Json.text(query, "at"),
        Json.text(query, "type"),
        Json.text(query, "name"),
        Json.text(query, "result"),
        Json.text(query, "by"),
        Json.text(query, "micros"));
  }
}
