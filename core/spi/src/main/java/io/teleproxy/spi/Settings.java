package io.teleproxy.spi;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A plugin's part of the configuration: the section {@code plugins.ID} of all configuration files
 * and flags, merged. Paths are relative to it, with dots between parts.
 *
 * <p>A value of the wrong type throws {@link UserException} naming file and line.
 */
public interface Settings {
  Optional<String> string(String path);

  Optional<Boolean> bool(String path);

  Optional<Integer> integer(String path);

  Optional<Duration> duration(String path);

  /** The list at this path; empty if there is none. */
  List<String> strings(String path);

  /** Whether the section says nothing, or is not there. */
  default boolean isEmpty() {
    return true;
  }

  default String string(String path, String otherwise) {
    return string(path).orElse(otherwise);
  }

  default boolean bool(String path, boolean otherwise) {
    return bool(path).orElse(otherwise);
  }

  default int integer(String path, int otherwise) {
    return integer(path).orElse(otherwise);
  }

  default Duration duration(String path, Duration otherwise) {
    return duration(path).orElse(otherwise);
  }
}
