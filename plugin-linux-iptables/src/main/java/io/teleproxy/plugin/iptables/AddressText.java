package io.teleproxy.plugin.iptables;

import io.teleproxy.spi.Prefix;
import java.net.InetAddress;

/**
 * Addresses as iptables-save prints them, so that what we wrote can be compared with what is there:
 * always with a prefix length, IPv6 compressed after RFC 5952.
 */
final class AddressText {
  private AddressText() {}

  /** {@code 10.0.0.1/32}, {@code fd00::/8}. */
  static String of(Prefix prefix) {
    return of(prefix.address()) + "/" + prefix.length();
  }

  /** Without a scope: {@code fe80::1%eth0} is {@code fe80::1} to a packet filter. */
  static String of(InetAddress address) {
    byte[] bytes = address.getAddress();
    return bytes.length == 4 ? address.getHostAddress() : ipv6(bytes);
  }

  private static String ipv6(byte[] bytes) {
    int[] groups = new int[8];
    for (int i = 0; i < 8; i++) {
      groups[i] = ((bytes[2 * i] & 0xff) << 8) | (bytes[2 * i + 1] & 0xff);
    }
    int runStart = -1;
    int runLength = 1; // a single zero group is not shortened
    for (int i = 0; i < 8; i++) {
      int end = i;
      while (end < 8 && groups[end] == 0) {
        end++;
      }
      if (end - i > runLength) {
        runStart = i;
        runLength = end - i;
      }
      i = Math.max(i, end - 1);
    }
    StringBuilder text = new StringBuilder(39);
    for (int i = 0; i < 8; i++) {
      if (i == runStart) {
        text.append("::");
        i += runLength - 1;
        continue;
      }
      if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
        text.append(':');
      }
      text.append(Integer.toHexString(groups[i]));
    }
    return text.toString();
  }
}
