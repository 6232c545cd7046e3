package io.teleproxy.testkit;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Journal;
import io.teleproxy.spi.Settings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** This machine's tools, with settings and gaps as a test wants them. */
public record Machine(
    String os, boolean privileged, Map<String, String> values, Set<String> missing)
    implements Environment, Interceptor.Context {
  public static final long GID = 7777;

  public Machine() {
    this("linux", true, Map.of(), Set.of());
  }

  public Machine with(String path, String value) {
    Map<String, String> more = new HashMap<>(values);
    more.put(path, value);
    return new Machine(os, privileged, more, missing);
  }

  public Machine without(String... executables) {
    return new Machine(os, privileged, values, Set.of(executables));
  }

  @Override
  public Environment environment() {
    return this;
  }

  @Override
  public long exemptGid() {
    return GID;
  }

  @Override
  public Journal journal() {
    return new PaperJournal();
  }

  @Override
  public Optional<Path> executable(String name) {
    for (String folder : missing.contains(name) ? List.<String>of() : folders()) {
      Path path = Path.of(folder, name);
      if (Files.isExecutable(path)) {
        return Optional.of(path);
      }
    }
    return Optional.empty();
  }

  private static List<String> folders() {
    return List.of("/usr/local/sbin", "/usr/sbin", "/usr/bin", "/sbin", "/bin");
  }

  @Override
  public Map<String, String> variables() {
    return Map.of();
  }

  @Override
  public Settings settings() {
    return new TestSettings(values);
  }
}
