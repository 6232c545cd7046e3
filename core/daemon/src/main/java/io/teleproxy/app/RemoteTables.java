package io.teleproxy.app;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.teleproxy.config.Part;
import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Table;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Tables go to the API of the intercepting process. One thread sends what has changed, again and
 * again until it arrives, and everything once more when the other side has been restarted.
 */
final class RemoteTables implements TableSink, AutoCloseable {
  private static final long HEARTBEAT_MILLIS = 1000;

  /** As long as the other process may be starting, it is looked for that often. */
  private static final long SEARCH_MILLIS = 10;

  private static final long SEARCH_NANOS = TimeUnit.SECONDS.toNanos(15);

  private final Consumer<Health> health;
  private final Thread thread = new Thread(this::run, "remote-tables");

  // guarded by this
  private final Map<String, Table> tables = new LinkedHashMap<>();
  private final Set<String> changed = new HashSet<>();
  private @Nullable List<String> search;
  private boolean searchChanged;
  private List<CompletableFuture<Void>> waiting = new ArrayList<>();
  private boolean closed;
  private boolean ready;
  private Set<Integer> targets = Set.of();
  private long datagrams;

  private final Components components;
  private final boolean patient;
  private final Runnable reload;
  private final Runnable notForUs;
  private final Function<JsonObject, JsonElement> answering;

  /** Touched by the sending thread only, like those below. */
  private final TableDelivery delivery;

  private final Counterpart counterpart = new Counterpart();
  private boolean reached;
  private long missedSince = System.nanoTime();

  /**
   * Starts sending.
   *
   * @param api where the other process listens
   * @param patient whether the other process is known to be starting
   * @param components how we are, to be told there
   * @param answering what we know that the other side asks ({@link BridgeQuestions})
   * @param reload called when the other side asks to look at the configuration
   * @param notForUs called when another process has come there that we are not for
   */
  RemoteTables(
      InetSocketAddress api,
      boolean patient,
      Components components,
      Runnable reload,
      Runnable notForUs,
      Function<JsonObject, JsonElement> answering) {
    this.answering = answering;
    this.reload = reload;
    this.notForUs = notForUs;
    this.patient = patient;
    this.delivery = new TableDelivery(api);
    this.components = components;
    this.health = components.reporter("intercept");
    thread.setDaemon(true);
    thread.start();
  }

  /** Completes when the other process carries out everything that was put here before the call. */
  synchronized CompletionStage<Void> delivered() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    waiting.add(done);
    notifyAll();
    return done;
  }

  /** Ports of our SOCKS5 proxies. */
  synchronized void targets(Set<Integer> ports) {
    targets = Set.copyOf(ports);
    notifyAll();
  }

  /** A tunnel carries datagrams now, or no more. */
  synchronized void datagramsChanged() {
    datagrams++;
    notifyAll();
  }

  /** All watchers have been ready, and their tables are delivered. */
  synchronized CompletionStage<Void> ready() {
    ready = true;
    return delivered();
  }

  @Override
  public synchronized void put(Table table) {
    tables.put(table.name(), table);
    changed.add(table.name());
    notifyAll();
  }

  @Override
  public synchronized void remove(String table) {
    tables.remove(table);
    changed.add(table);
    notifyAll();
  }

  @Override
  public synchronized void search(List<String> domains) {
    search = List.copyOf(domains);
    searchChanged = true;
    notifyAll();
  }

  /**
   * Withdraws all tables, as far as the other side is there, and stops. Beside root's part nothing
   * is withdrawn: either that is ending itself, or the next bridge takes over what is there.
   */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      if (patient) {
        changed.clear();
      } else {
        changed.addAll(tables.keySet());
      }
      tables.clear();
      notifyAll();
    }
    try {
      if (Thread.currentThread() != thread) {
        thread.join(3000);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    boolean last = false;
    while (!last) {
      last = pause();
      if (last && patient) {
        break;
      }
      try {
        List<CompletableFuture<Void>> served = takeWaiting();
        try {
          boolean first = counterpart.isUnknown();
          heartbeat();
          if (send() || first) {
            // What was sent is in force: now it counts.
            heartbeat();
          }
        } catch (IOException | RuntimeException e) {
          putBack(served);
          throw e;
        }
        reached = true;
        served.forEach(done -> done.complete(null));
        health.accept(Health.ready());
      } catch (IOException | RuntimeException e) {
        counterpart.lost();
        if (reached) {
          reached = false;
          missedSince = System.nanoTime();
        }
        if (patient && searching()) {
          health.accept(Health.starting("looking for root's part"));
          continue;
        }
        health.accept(
            Health.degraded(
                    "the intercepting process is not reached ("
                        + (e instanceof ConnectException ? "connection refused" : e.getMessage())
                        + ")",
                    (patient ? "" : "Start it with 'sudo teleproxy run --mode intercept'. ")
                        + "It is tried again every second.")
                .because(Cause.ROOT_PART_GONE));
      }
    }
    delivery.close();
  }

  private synchronized List<CompletableFuture<Void>> takeWaiting() {
    List<CompletableFuture<Void>> taken = waiting;
    waiting = new ArrayList<>();
    return taken;
  }

  private synchronized void putBack(List<CompletableFuture<Void>> taken) {
    waiting.addAll(taken);
  }

  /** Waits for a change or the next heartbeat; true if this is the last round. */
  @SuppressWarnings("WaitNotInLoop") // waking early is harmless: the caller loops
  private synchronized boolean pause() {
    boolean idle = changed.isEmpty() && !searchChanged && waiting.isEmpty();
    if (!closed && (idle || counterpart.isUnknown())) {
      try {
        wait(searching() ? SEARCH_MILLIS : HEARTBEAT_MILLIS);
      } catch (InterruptedException e) {
        return true;
      }
    }
    return closed;
  }

  private boolean searching() {
    return !reached && System.nanoTime() - missedSince < SEARCH_NANOS;
  }

  /** Finds out whether the other side still is who it was; if not, it needs everything. */
  private void heartbeat() throws IOException {
    JsonObject answer = delivery.say(said());
    if (answer.has("questions") && !answer.getAsJsonArray("questions").isEmpty()) {
      JsonObject again = said();
      again.add("answers", answers(answer.getAsJsonArray("questions")));
      answer = delivery.say(again);
    }
    if (patient && counterpart.isOfAnotherKind(answer)) {
      notForUs.run();
      throw new IOException("it is another version of teleproxy, or has other settings");
    }
    if (counterpart.asksForReload(answer)) {
      reload.run();
    }
    if (counterpart.isAnother(answer)) {
      synchronized (this) {
        changed.addAll(tables.keySet());
        delivery.forget();
        searchChanged = search != null;
      }
    }
  }

  private JsonArray answers(JsonArray questions) {
    JsonArray answers = new JsonArray();
    for (JsonElement element : questions) {
      JsonObject question = element.getAsJsonObject();
      JsonObject one = new JsonObject();
      one.add("id", question.get("id"));
      one.add("answer", answering.apply(question));
      answers.add(one);
    }
    return answers;
  }

  private synchronized JsonObject said() {
    JsonObject said = new JsonObject();
    Part.identify(said::addProperty);
    said.addProperty("ready", ready && changed.isEmpty() && !counterpart.isUnknown());
    JsonArray ports = new JsonArray();
    targets.forEach(ports::add);
    said.add("targets", ports);
    said.addProperty("datagrams", datagrams);
    JsonArray names = new JsonArray();
    tables.keySet().forEach(names::add);
    said.add("tables", names);
    said.add("components", components.json());
    return said;
  }

  /** Sends what has changed; false if nothing has. */
  private boolean send() throws IOException {
    List<Table> put = new ArrayList<>();
    List<String> gone = new ArrayList<>();
    List<String> newSearch;
    synchronized (this) {
      for (String name : changed) {
        Table table = tables.get(name);
        if (table == null) {
          gone.add(name);
        } else {
          put.add(table);
        }
      }
      changed.clear();
      newSearch = searchChanged ? search : null;
      searchChanged = false;
    }
    try {
      if (newSearch != null) {
        delivery.search(newSearch);
      }
      for (Table table : put) {
        delivery.put(table);
      }
      for (String name : gone) {
        delivery.remove(name);
      }
      return newSearch != null || !put.isEmpty() || !gone.isEmpty();
    } catch (IOException e) {
      synchronized (this) {
        put.forEach(table -> changed.add(table.name()));
        changed.addAll(gone);
        searchChanged |= newSearch != null;
      }
      throw e;
    }
  }
}
