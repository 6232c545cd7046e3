package io.teleproxy.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/** Reads addresses with ports, never asking a nameserver. */
final class Endpoints {
  private Endpoints() {}

  /** Reads {@code 192.0.2.1}, {@code 192.0.2.1:53}, {@code 2001:db8::1}, {@code [::1]:53}. */
  static Optional<InetSocketAddress> parse(String text, int defaultPort) {
    String host = text;
    String port = "";
    int colon = text.lastIndexOf(':');
    if (text.startsWith("[")) {
      int close = text.indexOf(']');
      if (close < 0 || (close + 1 < text.length() && text.charAt(close + 1) != ':')) {
        return Optional.empty();
      }
      host = text.substring(1, close);
      port = close + 1 < text.length() ? text.substring(close + 2) : "";
    } else if (colon >= 0 && text.indexOf(':') == colon) {
      host = text.substring(0, colon);
      port = text.substring(colon + 1);
      if (port.isEmpty()) {
        return Optional.empty();
      }
    }
    try {
      int number = port.isEmpty() ? defaultPort : Integer.parseInt(port);
      return number < 1 || number > 65535 || !isLiteral(host)
          ? Optional.empty()
          : Optional.of(new InetSocketAddress(InetAddress.getByName(host), number));
    } catch (NumberFormatException | UnknownHostException e) {
      return Optional.empty();
    }
  }

  /** Whether the JDK will read it as an address instead of looking it up. */
  private static boolean isLiteral(String host) {
    if (host.indexOf(':') >= 0) {
      return host.chars().allMatch(c -> c == ':' || c == '.' || c == '%' || isWord(c));
    }
    String[] parts = host.split("\\.", -1);
    if (parts.length != 4) {
      return false;
    }
    for (String part : parts) {
      if (part.isEmpty()
          || part.length() > 3
          || !part.chars().allMatch(c -> c >= '0' && c <= '9')) {
        return false;
      }
    }
    return true;
  }

  private static boolean isWord(int c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }
}
