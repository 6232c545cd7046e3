package io.teleproxy.plugin.kubernetes.table;

import java.net.InetAddress;
import java.util.regex.Pattern;

/** Names of the cluster and records about them as text. */
final class DnsText {
  private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
  private static final char[] HEX = "0123456789abcdef".toCharArray();

  private DnsText() {}

  /** A record in presentation form; the owner is given without final dot. */
  static String record(String owner, int ttl, String type, String data) {
    return owner + ". " + ttl + " IN " + type + " " + data;
  }

  /** The record that makes a name resolve to an address: A or AAAA. */
  static String address(String owner, int ttl, InetAddress address) {
    boolean ipv4 = address.getAddress().length == 4;
    return record(owner, ttl, ipv4 ? "A" : "AAAA", address.getHostAddress());
  }

  /** {@code 10-244-0-4}; for IPv6 the shortest form with dashes for colons, as CoreDNS has it. */
  static String dashed(InetAddress address) {
    byte[] bytes = address.getAddress();
    return bytes.length == 4
        ? address.getHostAddress().replace('.', '-')
        : endingInDigit(compressed(bytes).replace(':', '-'));
  }

  /** A label must not end in a hyphen (RFC 1123 §2.1); CoreDNS appends a zero. */
  private static String endingInDigit(String label) {
    return label.endsWith("-") ? label + "0" : label;
  }

  /** Whether the text is an address literal. */
  static boolean isAddress(String text) {
    return text.indexOf(':') >= 0 || IPV4.matcher(text).matches();
  }

  /** Whether the address means something in its own network only (RFC 1918, 4193, 6598, 3927). */
  static boolean isPrivate(InetAddress address) {
    byte[] bytes = address.getAddress();
    return address.isSiteLocalAddress()
        || address.isLinkLocalAddress()
        || (bytes.length == 4
            ? bytes[0] == 100 && (bytes[1] & 0xc0) == 64
            : (bytes[0] & 0xfe) == 0xfc);
  }

  /** The name under which PTR records of the address stand, without final dot. */
  static String reverse(InetAddress address) {
    byte[] bytes = address.getAddress();
    StringBuilder name = new StringBuilder(bytes.length == 4 ? 28 : 72);
    for (int i = bytes.length - 1; i >= 0; i--) {
      int value = bytes[i] & 0xff;
      if (bytes.length == 4) {
        name.append(value).append('.');
      } else {
        name.append(HEX[value & 15]).append('.').append(HEX[value >> 4]).append('.');
      }
    }
    return name.append(bytes.length == 4 ? "in-addr.arpa" : "ip6.arpa").toString();
  }

  /** RFC 5952: no leading zeros, the longest run of two or more zero groups as {@code ::}. */
  private static String compressed(byte[] bytes) {
    int[] groups = new int[8];
    for (int i = 0; i < 8; i++) {
      groups[i] = ((bytes[2 * i] & 0xff) << 8) | (bytes[2 * i + 1] & 0xff);
    }
    int bestStart = -1;
    int bestLength = 1;
    for (int i = 0; i < 8; i++) {
      int length = 0;
      while (i + length < 8 && groups[i + length] == 0) {
        length++;
      }
      if (length > bestLength) {
        bestStart = i;
        bestLength = length;
      }
      i += length;
    }
    StringBuilder text = new StringBuilder(39);
    for (int i = 0; i < 8; i++) {
      if (i == bestStart) {
        text.append("::");
        i += bestLength - 1;
      } else {
        boolean first = text.isEmpty() || text.charAt(text.length() - 1) == ':';
        text.append(first ? "" : ":").append(Integer.toHexString(groups[i]));
      }
    }
    return text.toString();
  }
}
