package io.teleproxy.api;

import com.google.gson.JsonObject;
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

  /** Asks the daemon to stop; returns at once. */
  void shutdown();
}
