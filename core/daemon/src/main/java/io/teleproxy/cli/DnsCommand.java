package io.teleproxy.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

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
final class DnsCommand implements Callable<Integer> {
  private static final long PERIOD_MILLIS = 300;

  @Option(names = "--follow", description = "Go on, one line for each query.")
  private boolean follow;

  @Option(names = "--json", description = "As JSON, for programs; with --follow one per line.")
  private boolean json;

  private final Program program;

  DnsCommand(Program program) {
    this.program = program;
  }

  @Override
  public Integer call() throws InterruptedException {
    ApiClient api = ApiClient.find(program.environment());
    JsonObject now = api.get("/api/queries").getAsJsonObject();
    if (!follow) {
      JsonObject counters = now.getAsJsonObject("counters");
      program.out().print(json ? Json.text(counters) : StatusView.text(counters));
      return 0;
    }
    long last = last(now, 0);
    while (!program.out().checkError()) {
      Thread.sleep(PERIOD_MILLIS);
      now = api.get("/api/queries?after=" + last).getAsJsonObject();
      for (JsonElement element : now.getAsJsonArray("queries")) {
        JsonObject query = element.getAsJsonObject();
        program.out().println(json ? query : line(query));
      }
      last = last(now, last);
    }
    return 0;
  }

  private static String line(JsonObject query) {
    return String.format(
        "%s  %-5s %-40s %-8s by %-10s %s us",
        Json.text(query, "at"),
        Json.text(query, "type"),
        Json.text(query, "name"),
        Json.text(query, "result"),
        Json.text(query, "by"),
        Json.text(query, "micros"));
  }

  private static long last(JsonObject now, long before) {
    long last = before;
    for (JsonElement query : now.getAsJsonArray("queries")) {
      last = Math.max(last, query.getAsJsonObject().get("id").getAsLong());
    }
    return last;
  }
}
