package io.teleproxy.plugin.docker;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.UserException;
import io.teleproxy.spi.Watcher;
import io.teleproxy.testkit.TestEnvironment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A machine on which engines are at these sockets; remembers what the watcher says. */
final class RecordingContext implements Watcher.Context {
  final List<Table> tables = new CopyOnWriteArrayList<>();
  final List<Health> healths = new CopyOnWriteArrayList<>();
  final List<List<String>> searches = new CopyOnWriteArrayList<>();
  private final Environment environment;

  RecordingContext(Path... sockets) {
    String paths = Stream.of(sockets).map(Path::toString).collect(Collectors.joining(","));
    environment =
        new TestEnvironment(
            Map.of("DOCKER_HOST", "tcp://192.0.2.1:2375", "XDG_RUNTIME_DIR", "/run/user/1000"),
            paths.isEmpty() ? Map.of() : Map.of("sockets", paths));
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
    return environment;
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
}
