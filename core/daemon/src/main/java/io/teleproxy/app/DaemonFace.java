package io.teleproxy.app;

import com.google.gson.JsonObject;
import io.teleproxy.api.Daemon;
import io.teleproxy.spi.Protocol;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What the API shows and does of a run. */
final class DaemonFace implements Daemon {
  private final Status status;
  private final CompletableFuture<Interception> interception;
  private final Insight insight;
  private final Knowledge knowledge;
  private final StopRequest stop;

  /** Null where the tunnels are in this process. */
  private final @Nullable BridgeLease lease;

  private volatile boolean ready;

  DaemonFace(
      Status status,
      CompletableFuture<Interception> interception,
      Insight insight,
      Knowledge knowledge,
      @Nullable BridgeLease lease,
      StopRequest stop) {
    this.status = status;
    this.interception = interception;
    this.insight = insight;
    this.knowledge = knowledge;
    this.lease = lease;
    this.stop = stop;
  }

  /** From here on the tables are carried out. */
  void ready() {
    ready = true;
  }

  @Override
  public JsonObject status() {
    return status.json(ready);
  }

  @Override
  public CompletionStage<Void> applied() {
    // While we start, what is told us is carried out before we are ready.
    return ready
        ? interception.thenCompose(Interception::applied)
        : CompletableFuture.completedFuture(null);
  }

  @Override
  public JsonObject bridge(JsonObject said) {
    return lease == null ? Daemon.super.bridge(said) : lease.heard(said, status.instance());
  }

  @Override
  public CompletionStage<JsonObject> connections() {
    return insight.connections();
  }

  @Override
  public CompletionStage<JsonObject> queries(long after) {
    return insight.queries(after);
  }

  @Override
  public CompletionStage<JsonObject> explain(String host, Protocol protocol, int port) {
    return insight.explain(host, protocol, port);
  }

  @Override
  public CompletionStage<JsonObject> log() {
    return knowledge.log();
  }

  @Override
  public CompletionStage<String> metrics() {
    return insight.metrics();
  }

  @Override
  public Feed feed() {
    return insight.feed();
  }

  @Override
  public void shutdown() {
    stop.make();
  }
}
