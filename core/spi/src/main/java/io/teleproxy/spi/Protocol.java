package io.teleproxy.spi;

import java.util.Locale;

/** A transport protocol that can be intercepted. */
public enum Protocol {
  TCP,
  UDP;

  /** The name as it stands in tables and firewall rules: {@code tcp} or {@code udp}. */
  public String lower() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Reads {@code tcp} or {@code udp}, in any case.
   *
   * @throws IllegalArgumentException naming the text and what was expected
   */
  public static Protocol parse(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "tcp" -> TCP;
      case "udp" -> UDP;
      default -> throw new IllegalArgumentException("proto: '" + text + "' (expected: tcp or udp)");
    };
  }
}
