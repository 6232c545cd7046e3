package io.teleproxy.app;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * What root's part asks the bridge, which hears it when it speaks next, within a second, and
 * answers at once. Thread-safe.
 */
final class BridgeQuestions {
  /** Long enough for a bridge that is busy. */
  private static final int PATIENCE_SECONDS = 4;

  /** Nobody asks so much; a bridge that never answers must not cost more than this. */
  private static final int MOST = 64;

  private record Asked(JsonObject question, CompletableFuture<JsonElement> answer) {}

  // guarded by this
  private final Map<Long, Asked> open = new LinkedHashMap<>();
  private long last;

  /** Fails where there is no answer in time. */
  CompletionStage<JsonElement> ask(JsonObject question) {
    CompletableFuture<JsonElement> answer = new CompletableFuture<>();
    long id;
    synchronized (this) {
      if (open.size() >= MOST) {
        return CompletableFuture.failedFuture(new IllegalStateException("too many questions"));
      }
      id = ++last;
      open.put(id, new Asked(question, answer));
    }
    return answer
        .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
        .whenComplete((found, failure) -> forget(id));
  }

  /** Those without an answer, each with its {@code id}. */
  synchronized JsonArray open() {
    JsonArray questions = new JsonArray();
    open.forEach(
        (id, asked) -> {
          JsonObject question = asked.question().deepCopy();
          question.addProperty("id", id);
          questions.add(question);
        });
    return questions;
  }

  /** What the bridge says: the id of each question, and what it knows. */
  void answered(JsonArray answers) {
    for (JsonElement element : answers) {
      JsonObject one = element.getAsJsonObject();
      Asked asked;
      synchronized (this) {
        asked = open.get(one.get("id").getAsLong());
      }
      if (asked != null) {
        asked.answer().complete(one.get("answer"));
      }
    }
  }

  private synchronized void forget(long id) {
    open.remove(id);
  }
}
