package io.teleproxy.app;

import com.google.gson.JsonObject;
import io.teleproxy.api.Daemon;
import io.teleproxy.spi.Protocol;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
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

  /** Of what kind the run is, for bridges that outlive root's part; empty where none does. */
  private final Supplier<String> kind;

  private volatile boolean ready;

  DaemonFace(
      Status status,
      CompletableFuture<Interception> interception,
      Insight insight,
      Knowledge knowledge,
      @Nullable BridgeLease lease,
      Supplier<String> kind,
      StopRequest stop) {
    this.status = status;
    this.interception = interception;
    this.insight = insight;
    this.knowledge = knowledge;
    this.lease = lease;
    this.kind = kind;
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
    if (lease == null) {
      return Daemon.super.bridge(said);
    }
    JsonObject answer = lease.heard(said, status.instance());
    answer.addProperty(RunKind.NAME, kind.get());
    return answer;
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
