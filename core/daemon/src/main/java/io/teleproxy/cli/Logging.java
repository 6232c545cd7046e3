package io.teleproxy.cli;

import io.teleproxy.config.LogLevel;
import java.util.Locale;

/**
 * Sets the levels of slf4j-simple. It reads its settings once, when the first logger is made, so
 * nothing that is needed before may have one.
 */
final class Logging {
  private static final String PREFIX = "org.slf4j.simpleLogger.";

  private Logging() {}

  static void configure(LogLevel level) {
    set("log.io.teleproxy", level.name());
    // Libraries stay silent unless something is wrong, or everything is asked for.
    set("defaultLogLevel", level == LogLevel.TRACE ? "debug" : "warn");
    if (level == LogLevel.ERROR) {
      set("defaultLogLevel", "error");
    }
    if (level == LogLevel.TRACE) {
      set("log.org.pf4j", "debug");
    }
  }

  private static void set(String name, String value) {
    System.setProperty(PREFIX + name, value.toLowerCase(Locale.ROOT));
  }
}
