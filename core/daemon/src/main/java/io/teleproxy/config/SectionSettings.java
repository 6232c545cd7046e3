package io.teleproxy.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import io.teleproxy.spi.Settings;
import io.teleproxy.spi.UserException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

/** A plugin's section of the configuration. */
final class SectionSettings implements Settings {
  static final Settings EMPTY = new SectionSettings("", ConfigFactory.empty());

  private final String prefix;
  private final Config section;

  private SectionSettings(String prefix, Config section) {
    this.prefix = prefix;
    this.section = section;
  }

  static Settings of(Config sections, String pluginId) {
    return sections.root().get(pluginId) instanceof ConfigObject section
        ? new SectionSettings(
            "plugins." + ConfigUtil.quoteString(pluginId).replace("\"", "") + ".",
            section.toConfig())
        : EMPTY;
  }

  @Override
  public Optional<String> string(String path) {
    return read(path, "a text", Config::getString);
  }

  @Override
  public Optional<Boolean> bool(String path) {
    return read(path, "true or false", Config::getBoolean);
  }

  @Override
  public Optional<Integer> integer(String path) {
    return read(path, "a whole number", Config::getInt);
  }

  @Override
  public Optional<Duration> duration(String path) {
    return read(path, "a duration as in 500 ms, 5 s or 2 m", Config::getDuration);
  }

  @Override
  public List<String> strings(String path) {
    return read(path, "a list of texts", Config::getStringList).orElse(List.of());
  }

  @Override
  public boolean isEmpty() {
    return section.isEmpty();
  }

  private <T> Optional<T> read(String path, String expected, BiFunction<Config, String, T> get) {
    if (!section.hasPath(path)) {
      return Optional.empty();
    }
    try {
      return Optional.of(get.apply(section, path));
    } catch (ConfigException e) {
      throw new UserException(
          Problems.line(section.getValue(path), prefix + path, expected),
          "Correct it and start again.",
          e);
    }
  }
}
