package io.teleproxy.app;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.UserException;
import io.teleproxy.tables.TableStore;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What root's part knows of the bridge: who it is, which tables and SOCKS5 proxies are its, and how
 * its components are. The bridge says all of it again every second ({@code POST /api/bridge}); what
 * is not said again is withdrawn when the lease is over. Thread-safe.
 */
final class BridgeLease implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(BridgeLease.class);

  private static final long SWEEP_MILLIS = 500;

  /** A sweep so much later than the one before says that we have been stopped ourselves. */
  private static final long STOPPED_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** In status, and in the log. */
  static final String COMPONENT = "bridge";

  private final TableStore tables;
  private final Components components;
  private final Runnable datagramsChanged;
  private final Duration lease;
  private final boolean beside;
  private final CompletableFuture<Void> ready = new CompletableFuture<>();
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "bridge-lease");
            thread.setDaemon(true);
            return thread;
          });

  private final BridgeQuestions questions = new BridgeQuestions();
  private volatile Set<Integer> targets = Set.of();

  /** How often it was asked to look at its configuration. */
  private final AtomicInteger reloads = new AtomicInteger();

  // guarded by this
  /** Process id; 0 for none. */
  private long holder;

  private long last;
  private long heard;
  private long swept = System.nanoTime();

  /** How often everything was withdrawn. */
  private int withdrawals;

  private long datagrams;
  private Set<String> held = Set.of();
  private Set<String> reporting = Set.of();

  /**
   * @param beside whether the bridge writes to the same log as we do, and so has said there itself
   *     how it is
   */
  BridgeLease(
      TableStore tables,
      Components components,
      Runnable datagramsChanged,
      Duration lease,
      boolean beside) {
    this.beside = beside;
    this.tables = tables;
    this.components = components;
    this.datagramsChanged = datagramsChanged;
    this.lease = lease;
    components.report(COMPONENT, Health.starting("not heard of yet"));
    timer.scheduleWithFixedDelay(this::sweep, SWEEP_MILLIS, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Completes when the bridge has been ready once; fails with its reason if it gives up before. */
  CompletionStage<Void> ready() {
    return ready;
  }

  /** Ports of the bridge's SOCKS5 proxies. */
  Set<Integer> targets() {
    return targets;
  }

  /**
   * What the bridge says every second.
   *
   * @param instance who we are; a bridge that hears of another one says everything anew, as is
   *     needed after a withdrawal, too
   * @return what it is to know
   * @throws IllegalStateException if another bridge holds the lease
   * @throws IllegalArgumentException if something is missing
   */
  JsonObject heard(JsonObject said, String instance) {
    boolean more;
    int forgotten;
    synchronized (this) {
      forgotten = withdrawals;
      long id = number(said, "pid");
      if (holder != 0 && id != holder && !(beside && isDead(holder))) {
        throw new IllegalStateException(
            "another bridge (pid " + holder + ") serves this teleproxy");
      }
      if (said.has("failed")) {
        JsonObject failed = said.getAsJsonObject("failed");
        String reason = text(failed, "message");
        String remedy = text(failed, "remedy");
        if (!ready.completeExceptionally(new UserException(reason, remedy))) {
          components.report(COMPONENT, Health.failed(reason, remedy).because(Cause.BRIDGE_GONE));
        }
        return new JsonObject();
      }
      if (holder != id) {
        holder = id;
        log.info("bridge: pid {} is here", id);
      }
      last = id;
      heard = System.nanoTime();
      Set<Integer> ports = new HashSet<>();
      said.getAsJsonArray("targets").forEach(port -> ports.add(port.getAsInt()));
      targets = Set.copyOf(ports);
      long times = number(said, "datagrams");
      more = times != datagrams;
      datagrams = times;
      Set<String> named = new HashSet<>();
      said.getAsJsonArray("tables").forEach(name -> named.add(name.getAsString()));
      boolean isReady = said.get("ready").getAsBoolean();
      if (isReady) {
        // What a bridge before this one had, and this one has not.
        held.stream().filter(name -> !named.contains(name)).forEach(tables::remove);
        held = named;
        components.report(COMPONENT, Health.ready());
      } else {
        held = union(held, named);
      }
      report(said.getAsJsonArray("components"));
      if (isReady) {
        ready.complete(null);
      }
    }
    if (more) {
      datagramsChanged.run();
    }
    if (said.has("answers")) {
      questions.answered(said.getAsJsonArray("answers"));
    }
    JsonObject answer = new JsonObject();
    answer.add("questions", questions.open());
    answer.addProperty("instance", forgotten == 0 ? instance : instance + "#" + forgotten);
    answer.addProperty("reload", reloads.get());
    return answer;
  }

  BridgeQuestions questions() {
    return questions;
  }

  /** Lets the bridge look at its configuration, when it is heard next. */
  void reload() {
    reloads.incrementAndGet();
  }

  /** The bridge's process has ended: another may take its place before the lease is over. */
  synchronized void ended(long process) {
    if (holder == process) {
      holder = 0;
    }
  }

  private synchronized void sweep() {
    long now = System.nanoTime();
    boolean stopped = now - swept > STOPPED_NANOS;
    swept = now;
    if (heard == 0) {
      return;
    }
    if (stopped) {
      // So was the bridge, perhaps: a laptop that was asleep finds everything as it was.
      heard = now;
    }
    if (now - heard < lease.toNanos()) {
      return;
    }
    held.forEach(tables::remove);
    withdrawals++;
    heard = 0;
    holder = 0;
    held = Set.of();
    targets = Set.of();
    components.remove(reporting);
    reporting = Set.of();
    components.report(
        COMPONENT,
        Health.failed(
                "nothing was heard of it (pid "
                    + last
                    + ") for "
                    + lease.toSeconds()
                    + " s; its"
                    + " names are withdrawn",
                "See its log; start it again with 'teleproxy run --mode bridge'.")
            .because(Cause.BRIDGE_GONE));
  }

  private void report(JsonArray states) {
    Set<String> named = new HashSet<>();
    for (JsonElement element : states) {
      JsonObject state = element.getAsJsonObject();
      String name = text(state, "name");
      if (!name.equals("intercept")) {
        named.add(name);
        Health health =
            new Health(
                Health.State.valueOf(text(state, "state").toUpperCase(Locale.ROOT)),
                Instant.parse(text(state, "since")),
                text(state, "reason"),
                text(state, "remedy"),
                state.has("cause") ? Cause.of(text(state, "cause")) : Cause.NONE);
        if (beside) {
          components.hear(name, health);
        } else {
          components.report(name, health);
        }
        if (state.has("details")) {
          Map<String, String> known = new HashMap<>();
          state
              .getAsJsonObject("details")
              .entrySet()
              .forEach(entry -> known.put(entry.getKey(), entry.getValue().getAsString()));
          components.details(name, known);
        }
      }
    }
    reporting = named;
  }

  /** Whoever starts a bridge again beside us does not tell us. */
  private static boolean isDead(long process) {
    return ProcessHandle.of(process).isEmpty();
  }

  private static Set<String> union(Set<String> some, Set<String> more) {
    Set<String> all = new HashSet<>(some);
    all.addAll(more);
    return all;
  }

  private static long number(JsonObject object, String name) {
    return Long.parseLong(text(object, name));
  }

  private static String text(JsonObject object, String name) {
    JsonElement value = object.get(name);
    if (value == null || !value.isJsonPrimitive()) {
      throw new IllegalArgumentException(name + ": missing (expected: a text)");
    }
    return value.getAsString();
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
