package io.teleproxy.app;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.UserException;
import io.teleproxy.spi.Watcher;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What one watcher sees of the daemon. After close nothing of it gets through any more. */
final class WatchContext implements Watcher.Context, AutoCloseable {
  private final Environment environment;
  private final @Nullable Integer target;
  private final TableSink tables;
  private final Consumer<List<String>> search;
  private final Consumer<Health> health;
  private final Consumer<Map<String, String>> details;
  private final CompletableFuture<Void> ready;

  // guarded by this
  private final Set<String> published = new HashSet<>();
  private boolean synced;
  private boolean closed;

  WatchContext(
      Environment environment,
      @Nullable Integer target,
      TableSink tables,
      Consumer<List<String>> search,
      Consumer<Health> health,
      Consumer<Map<String, String>> details,
      CompletableFuture<Void> ready) {
    this.environment = environment;
    this.target = target;
    this.tables = tables;
    this.search = search;
    this.health = health;
    this.details = details;
    this.ready = ready;
  }

  @Override
  public Environment environment() {
    return environment;
  }

  @Override
  public int target() {
    if (target == null) {
      throw new IllegalStateException("this plugin has no tunnel");
    }
    return target;
  }

  @Override
  public synchronized void publish(Table table) {
    if (!closed) {
      published.add(table.name());
      synced |= table.synced();
      tables.put(table);
    }
  }

  @Override
  public synchronized void search(List<String> domains) {
    if (!closed) {
      search.accept(domains);
    }
  }

  @Override
  public synchronized void details(Map<String, String> known) {
    if (!closed) {
      details.accept(known);
    }
  }

  @Override
  public void health(Health now) {
    boolean usable;
    synchronized (this) {
      if (closed) {
        return;
      }
      usable =
          now.state() == Health.State.READY || (now.state() == Health.State.DEGRADED && synced);
    }
    health.accept(now);
    if (usable) {
      ready.complete(null);
    }
  }

  @Override
  public void fail(UserException reason) {
    if (!ready.completeExceptionally(reason) && !ready.isCompletedExceptionally()) {
      health.accept(Health.failed(String.valueOf(reason.getMessage()), reason.remedy()));
    }
  }

  /** Withdraws everything that the watcher published. */
  @Override
  public synchronized void close() {
    closed = true;
    published.forEach(tables::remove);
  }
}
