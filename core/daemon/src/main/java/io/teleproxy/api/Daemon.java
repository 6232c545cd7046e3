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

  /** Asks the daemon to stop; returns at once. */
  void shutdown();
}
