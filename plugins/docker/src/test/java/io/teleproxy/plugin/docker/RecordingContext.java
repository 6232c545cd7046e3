package io.teleproxy.plugin.docker;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Settings;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.UserException;
import io.teleproxy.spi.Watcher;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** A machine on which engines are at these sockets; remembers what the watcher says. */
final class RecordingContext implements Watcher.Context, Environment, Settings {
  final List<Table> tables = new CopyOnWriteArrayList<>();
  final List<Health> healths = new CopyOnWriteArrayList<>();
  final List<List<String>> searches = new CopyOnWriteArrayList<>();
  private final List<String> sockets;

  RecordingContext(Path... sockets) {
    this.sockets = List.of(sockets).stream().map(Path::toString).toList();
  }

  /** Records that were published last; none if nothing was. */
  List<String> records() {
    return tables.isEmpty() ? List.of() : tables.get(tables.size() - 1).records();
  }

  boolean names(String name) {
    return records().stream().anyMatch(record -> record.startsWith(name + ". "));
  }

  Health health() {
    return healths.get(healths.size() - 1);
  }

  @Override
  public Environment environment() {
    return this;
  }

  @Override
  public int target() {
    throw new IllegalStateException("no tunnel");
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
  public void health(Health now) {
    healths.add(now);
  }

  @Override
  public void fail(UserException reason) {
    throw new AssertionError(reason);
  }

  @Override
  public String os() {
    return "linux";
  }

  @Override
  public boolean privileged() {
    return false;
  }

  @Override
  public Optional<Path> executable(String name) {
    return Optional.empty();
  }

  @Override
  public Map<String, String> variables() {
    return Map.of("DOCKER_HOST", "tcp://192.0.2.1:2375", "XDG_RUNTIME_DIR", "/run/user/1000");
  }

  @Override
  public Settings settings() {
    return this;
  }

  @Override
  public Optional<String> string(String path) {
    return Optional.empty();
  }

  @Override
  public Optional<Boolean> bool(String path) {
    return Optional.empty();
  }

  @Override
  public Optional<Integer> integer(String path) {
    return Optional.empty();
  }

  @Override
  public Optional<Duration> duration(String path) {
    return Optional.empty();
  }

  @Override
  public List<String> strings(String path) {
    return path.equals("sockets") ? sockets : List.of();
  }
}
