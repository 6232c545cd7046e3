package io.teleproxy.cli;

import io.teleproxy.config.LogLevel;
import java.util.Locale;

/**
 * Sets the level of the log. It is read once, when the first logger is made, so nothing that is
 * needed before may have one.
 */
final class Logging {
  /** Read by {@code io.teleproxy.log.LogProvider}. */
  private static final String LEVEL = "teleproxy.log.level";

  private Logging() {}

  static void configure(LogLevel level) {
    System.setProperty(LEVEL, level.name().toLowerCase(Locale.ROOT));
  }
}
