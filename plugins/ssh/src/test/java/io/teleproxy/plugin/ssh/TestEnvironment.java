package io.teleproxy.plugin.ssh;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Settings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A user with a home folder, and settings. */
public record TestEnvironment(Map<String, String> variables, Map<String, List<String>> values)
    implements Environment {
  public static TestEnvironment of(Path home) {
    return new TestEnvironment(Map.of("HOME", home.toString(), "USER", "me"), Map.of());
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
  public Settings settings() {
    return new Settings() {
      @Override
      public Optional<String> string(String path) {
        return strings(path).stream().findFirst();
      }

      @Override
      public Optional<Boolean> bool(String path) {
        return string(path).map(Boolean::valueOf);
      }

      @Override
      public Optional<Integer> integer(String path) {
        return string(path).map(Integer::valueOf);
      }

      @Override
      public Optional<Duration> duration(String path) {
        return string(path).map(Duration::parse);
      }

      @Override
      public List<String> strings(String path) {
        return values.getOrDefault(path, List.of());
      }
    };
  }
}
