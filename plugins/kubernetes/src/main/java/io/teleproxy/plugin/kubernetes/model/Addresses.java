package io.teleproxy.plugin.kubernetes.model;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Address literals, read fast and without ever looking up a name. */
final class Addresses {
  private Addresses() {}

  /** The address, or empty if the text is none (a host name, {@code None}, nothing). */
  static Optional<InetAddress> parse(String text) {
    byte[] ipv4 = ipv4(text);
    try {
      if (ipv4.length == 4) {
        return Optional.of(InetAddress.getByAddress(ipv4));
      }
      // With a colon in it, the JDK takes the text for a literal and asks nobody.
      return text.indexOf(':') > -1 ? Optional.of(InetAddress.getByName(text)) : Optional.empty();
    } catch (UnknownHostException e) {
      return Optional.empty();
    }
  }

  static List<InetAddress> parse(List<String> texts) {
    List<InetAddress> addresses = new ArrayList<>(texts.size());
    for (String text : texts) {
      parse(text).ifPresent(addresses::add);
    }
    return List.copyOf(addresses);
  }

  private static byte[] ipv4(String text) {
    byte[] bytes = new byte[4];
    int part = 0;
    int value = -1;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= '0' && c <= '9') {
        value = Math.max(value, 0) * 10 + (c - '0');
        if (value > 255) {
          return new byte[0];
        }
      } else if (c == '.' && value >= 0 && part < 3) {
        bytes[part++] = (byte) value;
        value = -1;
      } else {
        return new byte[0];
      }
    }
    if (part != 3 || value < 0) {
      return new byte[0];
    }
    bytes[3] = (byte) value;
    return bytes;
  }
}
