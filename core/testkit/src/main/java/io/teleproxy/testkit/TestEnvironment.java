package io.teleproxy.testkit;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Settings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * A Linux machine whose unprivileged user has these variables and this configuration; programs are
 * those in the variable PATH.
 *
 * @param configuration values as {@link TestSettings} has them
 */
public record TestEnvironment(Map<String, String> variables, Map<String, String> configuration)
    implements Environment {
  /** There is nothing. */
  public static final TestEnvironment BARE = new TestEnvironment(Map.of(), Map.of());

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
      if (!folder.isEmpty() && Files.isExecutable(candidate)) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }

  @Override
  public Settings settings() {
    return new TestSettings(configuration);
  }
}
