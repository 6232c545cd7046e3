package io.teleproxy.app;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.teleproxy.api.Daemon;
import io.teleproxy.dns.DnsCounters;
import io.teleproxy.dns.DnsRates;
import io.teleproxy.dns.QueryLog;
import io.teleproxy.proxy.Counters;
import io.teleproxy.spi.Protocol;
import io.teleproxy.tables.Snapshot;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * What the daemon shows of its work while it goes on: flows, queries, the journey of a name.
 * Nothing of it costs anything unless somebody looks. Any thread; answers come on threads of its
 * own, which last no longer than there are questions.
 */
final class Insight {
  private static final int THREADS = 4;
  private static final int MOST_WAITING = 64;

  private final CompletableFuture<Interception> interception;
  private final Components components;
  private final Knowledge knowledge;
  private final ThreadPoolExecutor threads;

  Insight(
      CompletableFuture<Interception> interception, Components components, Knowledge knowledge) {
    this.interception = interception;
    this.knowledge = knowledge;
    this.components = components;
    this.threads =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            5,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(MOST_WAITING),
            task -> {
              Thread thread = new Thread(task, "insight");
              thread.setDaemon(true);
              return thread;
            });
    threads.allowCoreThreadTimeOut(true);
  }

  /** The flows that live, and the last that have ended. */
  CompletionStage<JsonObject> connections() {
    return ask(
        opened -> {
          JsonObject json = new JsonObject();
          json.add("counters", counters(opened.proxy().counters()));
          json.add("live", opened.flowView().live());
          json.add("ended", opened.flowView().ended(new HashSet<>()));
          return json;
        });
  }

  /** Queries after the one of this id; see {@link QueryLog}. */
  CompletionStage<JsonObject> queries(long after) {
    return ask(
        opened -> {
          JsonObject json = new JsonObject();
          json.add("counters", counters(opened.dns().counters()));
          json.add("queries", queries(opened, after));
          return json;
        });
  }

  CompletionStage<JsonObject> explain(String host, Protocol protocol, int port) {
    return ask(opened -> new Explanation(opened, components, knowledge).of(host, protocol, port));
  }

  CompletionStage<String> metrics() {
    return ask(
        opened -> {
          NameserverHealth.report(opened.dns(), components);
          return Metrics.text(opened, components);
        });
  }

  /** What {@code /api/events} tells, again and again. */
  Daemon.Feed feed() {
    return new Daemon.Feed() {
      private final Set<Long> seen = new HashSet<>();
      private long lastQuery;
      private Snapshot tables = Snapshot.EMPTY;
      private int revision;

      @Override
      public CompletionStage<JsonObject> next() {
        return ask(this::tick);
      }

      private synchronized JsonObject tick(Interception opened) {
        JsonObject json = new JsonObject();
        json.add("connections", counters(opened.proxy().counters()));
        json.add("dns", counters(opened.dns().counters()));
        json.add("live", opened.flowView().live());
        json.add("ended", opened.flowView().ended(seen));
        JsonArray queries = queries(opened, lastQuery);
        if (!queries.isEmpty()) {
          lastQuery = queries.get(queries.size() - 1).getAsJsonObject().get("id").getAsLong();
        }
        json.add("queries", queries);
        Snapshot now = opened.tables();
        if (tables != now) {
          tables = now;
          revision++;
        }
        json.addProperty("tables", revision);
        json.add("components", components.json());
        return json;
      }
    };
  }

  private <T> CompletionStage<T> ask(Function<Interception, T> question) {
    return interception.thenApplyAsync(question, threads);
  }

  static JsonObject counters(Counters now) {
    JsonObject json = new JsonObject();
    json.addProperty("open", now.live());
    json.addProperty("accepted", now.accepted());
    json.addProperty("closed", now.closed());
    json.addProperty("reset", now.reset());
    json.addProperty("failed", now.failed());
    json.addProperty("rejected", now.rejected());
    json.addProperty("dropped", now.dropped());
    json.addProperty("bytes-up", now.bytesUp());
    json.addProperty("bytes-down", now.bytesDown());
    return json;
  }

  static JsonObject counters(DnsCounters now) {
    JsonObject json = new JsonObject();
    json.addProperty("queries", now.queries());
    json.addProperty("local", now.local());
    json.addProperty("relayed", now.relayed());
    json.addProperty("failed", now.failed());
    json.addProperty("malformed", now.malformed());
    json.addProperty("in-flight", now.inFlight());
    return json;
  }

  /** Queries a second, with one decimal. */
  static JsonObject rates(DnsRates now) {
    JsonObject json = new JsonObject();
    json.addProperty("queries", tenths(now.queries()));
    json.addProperty("local", tenths(now.local()));
    json.addProperty("relayed", tenths(now.relayed()));
    json.addProperty("refused", tenths(now.refused()));
    return json;
  }

  private static double tenths(double value) {
    return Math.round(value * 10) / 10.0;
  }

  private static JsonArray queries(Interception opened, long after) {
    JsonArray queries = new JsonArray();
    for (QueryLog.Query query : opened.dns().queries().after(after)) {
      JsonObject json = new JsonObject();
      json.addProperty("id", query.id());
      json.addProperty("at", query.at().toString());
      json.addProperty("name", query.name());
      json.addProperty("type", query.type());
      json.addProperty("by", query.by());
      json.addProperty("result", query.result());
      json.addProperty("micros", query.micros());
      queries.add(json);
    }
    return queries;
  }
}
