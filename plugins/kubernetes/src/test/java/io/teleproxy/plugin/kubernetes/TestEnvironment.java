package io.teleproxy.plugin.kubernetes;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Settings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A machine whose user has these variables and this configuration.
 *
 * @param configuration values as they would stand in the file; durations as in ISO 8601
 */
public record TestEnvironment(Map<String, String> variables, Map<String, String> configuration)
    implements Environment {
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
    for (String folder : variables.getOrDefault("PATH", "").split(":")) {
      Path candidate = Path.of(folder, name);
      if (Files.isExecutable(candidate)) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }

  @Override
  public Settings settings() {
    return new Settings() {
      @Override
      public Optional<String> string(String path) {
        return Optional.ofNullable(configuration.get(path));
      }

      @Override
      public Optional<Boolean> bool(String path) {
        return string(path).map(Boolean::parseBoolean);
      }

      @Override
      public Optional<Integer> integer(String path) {
        return string(path).map(Integer::parseInt);
      }

      @Override
      public Optional<Duration> duration(String path) {
        return string(path).map(Duration::parse);
      }

      @Override
      public List<String> strings(String path) {
        return string(path).map(texts -> List.of(texts.split(","))).orElse(List.of());
      }
    };
  }
}
