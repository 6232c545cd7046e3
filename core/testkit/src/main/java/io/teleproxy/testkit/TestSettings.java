package io.teleproxy.testkit;

import io.teleproxy.spi.Settings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Settings as a test gives them.
 *
 * @param values by path; durations as in ISO 8601, lists with commas in between
 */
public record TestSettings(Map<String, String> values) implements Settings {
  /** As if nobody had written a configuration. */
  public static final TestSettings NONE = new TestSettings(Map.of());

  @Override
  public Optional<String> string(String path) {
    return Optional.ofNullable(values.get(path));
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
    return string(path).map(texts -> List.of(texts.split(","))).orElse(List.of());
  }
}
