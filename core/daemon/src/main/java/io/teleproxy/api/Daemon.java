package io.teleproxy.api;

import com.google.gson.JsonObject;
import io.teleproxy.spi.Protocol;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** What the API needs of the daemon that it is the face of. Called on event loops; never blocks. */
public interface Daemon {
  /** The state of all components as JSON, as {@code GET /api/status} shows it. */
  JsonObject status();

  /**
   * Completes when everything that was published before this call is carried out by the firewall
   * and told by DNS; fails with the reason why it cannot be.
   */
  CompletionStage<Void> applied();

  /**
   * A bridge says who and how it is, as {@code POST /api/bridge} does.
   *
   * @throws IllegalStateException if none is wanted, or another is there
   * @throws IllegalArgumentException if it does not say what it must
   */
  default JsonObject bridge(JsonObject said) {
    throw new IllegalStateException(
        "this teleproxy reaches the cluster itself; a bridge needs one with --mode intercept");
  }

  /** What flows, as {@code GET /api/connections} shows it. */
  default CompletionStage<JsonObject> connections() {
    return CompletableFuture.completedFuture(new JsonObject());
  }

  /** The DNS queries after the one with this id, as {@code GET /api/queries} shows them. */
  default CompletionStage<JsonObject> queries(long after) {
    return CompletableFuture.completedFuture(new JsonObject());
  }

  /**
   * The journey of a name, as {@code GET /api/explain} shows it.
   *
   * @param port 0 for the name only
   */
  default CompletionStage<JsonObject> explain(String host, Protocol protocol, int port) {
    return CompletableFuture.completedFuture(new JsonObject());
  }

  /** The last lines of the log, as {@code GET /api/log} shows them. */
  default CompletionStage<JsonObject> log() {
    return CompletableFuture.completedFuture(new JsonObject());
  }

  /** All numbers in Prometheus' text format, as {@code GET /metrics} shows them. */
  default CompletionStage<String> metrics() {
    return CompletableFuture.completedFuture("");
  }

  /** One client's view of what happens, for {@code GET /api/events}. */
  default Feed feed() {
    return () -> CompletableFuture.completedFuture(new JsonObject());
  }

  /** Tells again and again what is so and what has happened since; one call at a time. */
  @FunctionalInterface
  interface Feed {
    CompletionStage<JsonObject> next();
  }

  /** Asks the daemon to stop; returns at once. */
  void shutdown();
}
