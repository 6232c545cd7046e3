package io.teleproxy.testkit;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.UserException;
import io.teleproxy.spi.Watcher;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** Remembers what a watcher says. */
public final class RecordingContext implements Watcher.Context {
  /** The SOCKS5 proxy of the tunnel. */
  public static final int TARGET = 1080;

  public final List<Table> tables = new CopyOnWriteArrayList<>();
  public final List<Health> healths = new CopyOnWriteArrayList<>();
  public final List<List<String>> searches = new CopyOnWriteArrayList<>();
  public final List<UserException> failures = new CopyOnWriteArrayList<>();
  public volatile Map<String, String> details = Map.of();
  private final Environment environment;

  public RecordingContext(Environment environment) {
    this.environment = environment;
  }

  /** That was published last. */
  public Table table() {
    return tables.get(tables.size() - 1);
  }

  /** That was reported last. */
  public Health health() {
    return healths.get(healths.size() - 1);
  }

  /** Whether the last table has a route or a record of this name. */
  public boolean names(String name) {
    return !tables.isEmpty()
        && (table().routes().stream().anyMatch(route -> route.name().equals(name))
            || table().records().stream().anyMatch(record -> record.startsWith(name + ". ")));
  }

  @Override
  public Environment environment() {
    return environment;
  }

  @Override
  public int target() {
    return TARGET;
  }

  @Override
  public void publish(Table table) {
    tables.add(table);
  }

  @Override
  public void search(List<String> domains) {
    searches.add(domains);
  }

  @Override
  public void details(Map<String, String> known) {
    details = Map.copyOf(known);
  }

  @Override
  public void health(Health health) {
    healths.add(health);
  }

  @Override
  public void fail(UserException reason) {
    failures.add(reason);
  }
}
