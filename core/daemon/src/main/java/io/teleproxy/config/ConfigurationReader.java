package io.teleproxy.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigSyntax;
import com.typesafe.config.ConfigValue;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/** Puts the configuration together from reference.conf, files and flags, and checks it. */
public final class ConfigurationReader {
  /** Settings of the machine, for all users. */
  public static final Path SYSTEM_FILE = Path.of("/etc/teleproxy/teleproxy.conf");

  private static final String REFERENCE = "reference.conf";
  private static final String ALLOW_USER_PLUGINS = "allow-user-plugins";

  /** All settings; a name that ends with a dot is a section. */
  private static final Set<String> KEYS =
      Set.of(
          "mode",
          "dns.",
          "dns.nameservers",
          "dns.fallback",
          "dns.ttl",
          "dns.included",
          "dns.excluded",
          "dns.public",
          "api.",
          "api.port",
          "plugin-folders",
          "disabled-plugins",
          ALLOW_USER_PLUGINS,
          "intercept.",
          "intercept.gid",
          "log.",
          "log.level",
          "plugins.");

  private final Path systemFile;
  private final HostEnvironment environment;
  private final Problems problems = new Problems();

  private ConfigurationReader(Path systemFile, HostEnvironment environment) {
    this.systemFile = systemFile;
    this.environment = environment;
  }

  /**
   * Reads and checks everything.
   *
   * @throws UserException naming all problems, each with file and line
   */
  public static Configuration read(Flags flags, HostEnvironment environment) {
    return read(SYSTEM_FILE, flags, environment);
  }

  /** Every setting as it is by default, and no plugins but ours: what no file can break. */
  public static Configuration defaults(HostEnvironment environment) {
    Path nothing = Path.of("/dev/null");
    return new ConfigurationReader(nothing, environment)
        .read(new Flags().file(nothing).set("plugin-folders", "defaults", List.of()));
  }

  static Configuration read(Path systemFile, Flags flags, HostEnvironment environment) {
    return new ConfigurationReader(systemFile, environment).read(flags);
  }

  private Configuration read(Flags flags) {
    Path userFile = environment.configFolder().resolve("teleproxy.conf");
    Config users =
        flags.file().isPresent() ? parse(flags.file().get(), true) : parse(userFile, false);
    if (users.hasPath(ALLOW_USER_PLUGINS) && environment.privileged()) {
      problems.at(
          users.getValue(ALLOW_USER_PLUGINS).origin(),
          ALLOW_USER_PLUGINS + ": is not the user's to say (expected: in " + SYSTEM_FILE + ")");
    }
    Config merged =
        flags
            .toConfig()
            .withFallback(users)
            .withFallback(parse(systemFile, false))
            .withFallback(reference());
    try {
      merged = merged.resolve();
    } catch (ConfigException e) {
      problems.at(e.origin(), reason(e));
      problems.throwIfAny();
    }
    refuseUnknown("", merged.root());
    CheckedValues values = new CheckedValues(merged, problems);
    Configuration configuration =
        new Configuration(
            values.choice("mode", Mode.values()),
            values.endpoints("dns.nameservers"),
            values.endpoints("dns.fallback"),
            values.ttl("dns.ttl"),
            values.domains("dns.included"),
            values.domains("dns.excluded"),
            values.domains("dns.public"),
            (int) values.number("api.port", 0, 65535),
            pluginFolders(values),
            Set.copyOf(values.texts("disabled-plugins")),
            values.flag(ALLOW_USER_PLUGINS),
            values.number("intercept.gid", 1, 0xFFFF_FFFEL),
            values.choice("log.level", LogLevel.values()),
            values.section("plugins"));
    problems.throwIfAny();
    return configuration;
  }

  /** From our own jar: whoever asks the class loader for all of that name has every jar opened. */
  private static Config reference() {
    InputStream resource =
        Objects.requireNonNull(ConfigurationReader.class.getResourceAsStream("/" + REFERENCE));
    try (Reader text = new InputStreamReader(resource, StandardCharsets.UTF_8)) {
      return ConfigFactory.parseReader(
          text, ConfigParseOptions.defaults().setOriginDescription(REFERENCE));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<Path> pluginFolders(CheckedValues values) {
    return values.has("plugin-folders")
        ? values.folders("plugin-folders", environment.home())
        : List.of(Path.of("/etc/teleproxy/plugins"), environment.configFolder().resolve("plugins"));
  }

  private Config parse(Path file, boolean required) {
    if (!Files.exists(file)) {
      if (required) {
        problems.other("--config: " + file + " does not exist (expected: a configuration file)");
      }
      return ConfigFactory.empty();
    }
    try {
      return ConfigFactory.parseFile(
          file.toFile(),
          ConfigParseOptions.defaults().setSyntax(ConfigSyntax.CONF).setAllowMissing(false));
    } catch (ConfigException.IO e) {
      problems.other(file + ": cannot be read (" + reason(e) + ")");
    } catch (ConfigException e) {
      problems.at(e.origin(), reason(e));
    }
    return ConfigFactory.empty();
  }

  private void refuseUnknown(String prefix, ConfigObject section) {
    for (Map.Entry<String, ConfigValue> entry : section.entrySet()) {
      String key = prefix + entry.getKey();
      ConfigValue value = entry.getValue();
      if (KEYS.contains(key + ".")) {
        if (!(value instanceof ConfigObject inner)) {
          problems.wrong(value, key, "a section { … }");
        } else if (!key.equals("plugins")) {
          refuseUnknown(key + ".", inner);
        } else {
          inner.forEach(
              (id, part) -> {
                if (!(part instanceof ConfigObject)) {
                  problems.wrong(part, "plugins." + id, "a section { … }");
                }
              });
        }
      } else if (!KEYS.contains(key)) {
        problems.at(
            value.origin(),
            key + ": unknown setting (expected: " + String.join(", ", siblings(prefix)) + ")");
      }
    }
  }

  private static Set<String> siblings(String prefix) {
    Set<String> names = new TreeSet<>();
    for (String key : KEYS) {
      String name = key.endsWith(".") ? key.substring(0, key.length() - 1) : key;
      if (name.startsWith(prefix) && name.indexOf('.', prefix.length()) < 0) {
        names.add(name.substring(prefix.length()));
      }
    }
    return names;
  }

  /** The library's message without the place, which we name ourselves. */
  private static String reason(ConfigException e) {
    String message = String.valueOf(e.getMessage());
    String place = e.origin() == null ? "" : e.origin().description() + ": ";
    return message.startsWith(place) ? message.substring(place.length()) : message;
  }
}
