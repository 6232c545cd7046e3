package io.teleproxy.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Reads values of the merged configuration. What is wrong is reported and replaced by something
 * harmless, so that the reading goes on.
 */
final class CheckedValues {
  private static final Duration LONGEST_TTL = Duration.ofDays(1);

  /** Labels of letters, digits, hyphens and underscores (RFC 1035 2.3.1, RFC 8552). */
  private static final Pattern DOMAIN =
      Pattern.compile("(?=.{1,253}$)[a-z0-9_-]{1,63}(\\.[a-z0-9_-]{1,63})*");

  private final Config config;
  private final Problems problems;

  CheckedValues(Config config, Problems problems) {
    this.config = config;
    this.problems = problems;
  }

  boolean has(String path) {
    return config.hasPath(path);
  }

  /** A constant of an enum, in lower case. */
  <E extends Enum<E>> E choice(String path, E[] constants) {
    List<String> names = new ArrayList<>();
    String text = value(path).map(value -> String.valueOf(value.unwrapped())).orElse("");
    for (E constant : constants) {
      String name = constant.name().toLowerCase(Locale.ROOT);
      if (name.equals(text.toLowerCase(Locale.ROOT))) {
        return constant;
      }
      names.add(name);
    }
    wrong(path, "one of " + String.join(", ", names));
    return constants[0];
  }

  long number(String path, long least, long most) {
    try {
      long number = has(path) ? config.getLong(path) : least - 1;
      if (number >= least && number <= most) {
        return number;
      }
    } catch (ConfigException e) {
      // reported below: whatever it is, it is not such a number
    }
    wrong(path, least + "-" + most);
    return least;
  }

  boolean flag(String path) {
    try {
      return config.getBoolean(path);
    } catch (ConfigException e) {
      wrong(path, "true or false");
      return false;
    }
  }

  Duration ttl(String path) {
    try {
      Duration ttl = has(path) ? config.getDuration(path) : Duration.ofSeconds(-1);
      if (!ttl.isNegative() && ttl.compareTo(LONGEST_TTL) <= 0) {
        return ttl;
      }
    } catch (ConfigException e) {
      // reported below
    }
    wrong(path, "a duration from 0 s to 1 d, as in 5 s");
    return Duration.ZERO;
  }

  /** A list of texts, or one text. */
  List<String> texts(String path) {
    List<String> texts = new ArrayList<>();
    for (ConfigValue item : items(path)) {
      texts.add(String.valueOf(item.unwrapped()));
    }
    return texts;
  }

  /** Nameservers: an address, with or without a port. */
  List<InetSocketAddress> endpoints(String path) {
    List<InetSocketAddress> endpoints = new ArrayList<>();
    for (ConfigValue item : items(path)) {
      Optional<InetSocketAddress> endpoint = Endpoints.parse(String.valueOf(item.unwrapped()), 53);
      endpoint.ifPresentOrElse(
          endpoints::add,
          () ->
              problems.wrong(
                  item, path, "an IP address as in 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53"));
    }
    return endpoints;
  }

  /** Domain names, in lower case without final dot. */
  List<String> domains(String path) {
    List<String> domains = new ArrayList<>();
    for (ConfigValue item : items(path)) {
      String text = String.valueOf(item.unwrapped()).toLowerCase(Locale.ROOT);
      String domain = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
      if (DOMAIN.matcher(domain).matches()) {
        domains.add(domain);
      } else {
        problems.wrong(item, path, "a domain as in com or corp.example, without wildcards");
      }
    }
    return domains;
  }

  /** Existing folders, relative to the file that names them. */
  List<Path> folders(String path, Path home) {
    List<Path> folders = new ArrayList<>();
    for (ConfigValue item : items(path)) {
      String text = String.valueOf(item.unwrapped());
      Path folder = text.startsWith("~/") ? home.resolve(text.substring(2)) : Path.of(text);
      String file = item.origin().filename();
      Path base = file == null ? null : Path.of(file).toAbsolutePath().getParent();
      folder = base == null ? folder.toAbsolutePath() : base.resolve(folder);
      if (!Files.isDirectory(folder)) {
        problems.wrong(item, path, "an existing folder");
      }
      folders.add(folder.normalize());
    }
    return folders;
  }

  Config section(String path) {
    return value(path).orElse(null) instanceof ConfigObject object
        ? object.toConfig()
        : ConfigFactory.empty();
  }

  private List<ConfigValue> items(String path) {
    ConfigValue value = value(path).orElse(null);
    if (value == null) {
      return List.of();
    }
    List<ConfigValue> items = value instanceof ConfigList list ? list : List.of(value);
    for (ConfigValue item : items) {
      if (item.valueType() != ConfigValueType.STRING) {
        problems.wrong(item, path, "a list of texts");
        return List.of();
      }
    }
    return items;
  }

  private Optional<ConfigValue> value(String path) {
    return has(path) ? Optional.of(config.getValue(path)) : Optional.empty();
  }

  /** What was set to null is not there; all settings that are asked for have defaults. */
  private void wrong(String path, String expected) {
    value(path)
        .ifPresentOrElse(
            value -> problems.wrong(value, path, expected),
            () -> problems.other(path + ": null (expected: " + expected + ")"));
  }
}
