package io.teleproxy.config;

import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import io.teleproxy.spi.UserException;
import java.util.LinkedHashSet;
import java.util.Set;

/** Gathers everything that is wrong with the configuration, to be told at once. */
final class Problems {
  private static final int LONGEST_VALUE = 60;

  private final Set<String> lines = new LinkedHashSet<>();

  /** A value that is not what was expected. */
  void wrong(ConfigValue value, String key, String expected) {
    lines.add(line(value, key, expected));
  }

  /** Something that is wrong with a place in a file. */
  void at(ConfigOrigin origin, String what) {
    lines.add(where(origin) + ": " + what);
  }

  void other(String what) {
    lines.add(what);
  }

  void throwIfAny() {
    if (lines.isEmpty()) {
      return;
    }
    if (lines.size() == 1) {
      throw new UserException(lines.iterator().next(), "Correct it and start again.");
    }
    throw new UserException(
        "the configuration has " + lines.size() + " problems:\n  " + String.join("\n  ", lines),
        "Correct them and start again.");
  }

  static String line(ConfigValue value, String key, String expected) {
    String text = value.render(ConfigRenderOptions.concise()).replace("\"", "");
    if (text.length() > LONGEST_VALUE) {
      text = text.substring(0, LONGEST_VALUE) + "…";
    }
    return where(value.origin()) + ": " + key + ": '" + text + "' (expected: " + expected + ")";
  }

  /** {@code file:line}, or the flag. */
  static String where(ConfigOrigin origin) {
    String file = origin.filename();
    if (file == null) {
      return origin.description();
    }
    return origin.lineNumber() > 0 ? file + ":" + origin.lineNumber() : file;
  }
}
