package io.teleproxy.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Settings from the command line, which win over all files. Not thread-safe. */
public final class Flags {
  private final Map<String, ConfigValue> values = new LinkedHashMap<>();
  private Optional<Path> file = Optional.empty();
  private Optional<String> user = Optional.empty();
  private boolean restart;

  /** The file that replaces the user's own ({@code --config}). */
  public Flags file(Path path) {
    file = Optional.of(path.toAbsolutePath().normalize());
    return this;
  }

  /**
   * A setting with one value.
   *
   * @param path of the setting, e.g. {@code dns.ttl}
   * @param flag as the user knows it, for messages
   */
  public Flags set(String path, String flag, String value) {
    values.put(path, ConfigValueFactory.fromAnyRef(value, flag));
    return this;
  }

  /** A setting that is a list. */
  public Flags set(String path, String flag, List<String> value) {
    values.put(path, ConfigValueFactory.fromIterable(value, flag));
    return this;
  }

  /** The user as whom the bridge runs; the launcher has seen to it. */
  public Flags user(String name) {
    user = Optional.of(name);
    return this;
  }

  public Optional<String> user() {
    return user;
  }

  /** The run is to be started again when it dies; the launcher has seen to it. */
  public Flags restart() {
    restart = true;
    return this;
  }

  public boolean restarts() {
    return restart;
  }

  Optional<Path> file() {
    return file;
  }

  Config toConfig() {
    Config config = ConfigFactory.empty("command line");
    for (Map.Entry<String, ConfigValue> entry : values.entrySet()) {
      config = config.withValue(entry.getKey(), entry.getValue());
    }
    return config;
  }
}
