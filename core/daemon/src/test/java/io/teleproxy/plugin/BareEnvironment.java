package io.teleproxy.plugin;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Settings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A machine on which there is nothing. */
final class BareEnvironment implements Environment, Settings {
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
    return Map.of();
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
    return List.of();
  }
}
