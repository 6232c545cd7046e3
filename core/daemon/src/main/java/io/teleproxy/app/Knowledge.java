package io.teleproxy.app;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.teleproxy.doctor.FindingJson;
import io.teleproxy.log.RecentLines;
import io.teleproxy.spi.Finding;
import io.teleproxy.spi.Protocol;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What only the part with the watchers knows, in this process or in the bridge: what stands behind
 * a name or an address, and what it has logged of late.
 */
final class Knowledge {
  private static final String ASK = "ask";

  /** The watchers of this process; null where they are in the bridge. */
  private volatile @Nullable Sources here;

  private volatile @Nullable BridgeQuestions bridge;

  void here(Sources sources) {
    here = sources;
  }

  void bridge(BridgeQuestions questions) {
    bridge = questions;
  }

  /**
   * As {@link io.teleproxy.spi.Watcher.Session#behind}, of all watchers; fails without a bridge.
   */
  CompletionStage<List<Finding>> behind(String host, Protocol protocol, int port) {
    Sources sources = here;
    if (sources != null) {
      return CompletableFuture.completedFuture(sources.behind(host, protocol, port));
    }
    JsonObject question = new JsonObject();
    question.addProperty(ASK, "behind");
    question.addProperty("host", host);
    question.addProperty("protocol", protocol.lower());
    question.addProperty("port", port);
    return ask(question).thenApply(answer -> FindingJson.read(answer.getAsJsonArray()));
  }

  /** The last lines of the log by part: {@code root}, and {@code bridge} where there is one. */
  CompletionStage<JsonObject> log() {
    JsonObject log = new JsonObject();
    log.add("root", lines());
    if (bridge == null) {
      return CompletableFuture.completedFuture(log);
    }
    JsonObject question = new JsonObject();
    question.addProperty(ASK, "log");
    return ask(question)
        .handle(
            (lines, failure) -> {
              log.add("bridge", lines == null ? new JsonArray() : lines);
              return log;
            });
  }

  private CompletionStage<JsonElement> ask(JsonObject question) {
    BridgeQuestions other = bridge;
    return other == null
        ? CompletableFuture.failedFuture(new IllegalStateException("there is no bridge"))
        : other.ask(question);
  }

  /**
   * How a bridge answers.
   *
   * @param sources its watchers
   */
  static Function<JsonObject, JsonElement> answering(Supplier<@Nullable Sources> sources) {
    return question -> {
      if (question.get(ASK).getAsString().equals("log")) {
        return lines();
      }
      Sources all = sources.get();
      return all == null
          ? new JsonArray()
          : FindingJson.write(
              all.behind(
                  question.get("host").getAsString(),
                  Protocol.valueOf(question.get("protocol").getAsString().toUpperCase(Locale.ROOT)),
                  question.get("port").getAsInt()));
    };
  }

  private static JsonArray lines() {
    JsonArray lines = new JsonArray();
    RecentLines.all().forEach(lines::add);
    return lines;
  }
}
