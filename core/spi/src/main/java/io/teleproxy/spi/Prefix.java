package io.teleproxy.spi;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An IPv4 or IPv6 address prefix (RFC 4632, RFC 4291 §2.3); a single address is a prefix of full
 * length. Host bits are zero.
 *
 * @param address first address of the prefix
 * @param length number of leading bits that count, 0-32 or 0-128
 */
public record Prefix(InetAddress address, int length) implements Comparable<Prefix> {
  public Prefix {
    int bits = address.getAddress().length * 8;
    if (length < 0 || length > bits) {
      throw new IllegalArgumentException(
          "prefix length: " + length + " (expected: 0-" + bits + ")");
    }
    address = masked(address, length);
  }

  /** The prefix that holds only this address. */
  public static Prefix of(InetAddress address) {
    return new Prefix(address, address.getAddress().length * 8);
  }

  /**
   * Reads {@code 10.0.0.1}, {@code 10.0.0.0/8}, {@code fd00::1} or {@code fd00::/8}. Host names are
   * refused: nothing is looked up.
   *
   * @throws IllegalArgumentException naming the text and what was expected
   */
  public static Prefix parse(String text) {
    int slash = text.indexOf('/');
    String host = slash < 0 ? text : text.substring(0, slash);
    InetAddress address = parseAddress(host);
    if (slash < 0) {
      return of(address);
    }
    try {
      return new Prefix(address, Integer.parseInt(text.substring(slash + 1)));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "ip: '" + text + "' (expected: a prefix length after the slash)", e);
    }
  }

  /**
   * Reads a literal IPv4 (four decimal parts) or IPv6 address without any lookup. An IPv4-mapped
   * IPv6 address becomes IPv4.
   *
   * @throws IllegalArgumentException naming the text and what was expected
   */
  public static InetAddress parseAddress(String text) {
    boolean literal =
        text.indexOf(':') >= 0
            ? text.matches("[0-9A-Fa-f:.]+")
            : text.matches("\\d{1,3}(\\.\\d{1,3}){3}");
    if (literal) {
      try {
        return InetAddress.getByName(text);
      } catch (UnknownHostException e) {
        // falls through to the refusal below
      }
    }
    throw new IllegalArgumentException("ip: '" + text + "' (expected: an IPv4 or IPv6 address)");
  }

  /** Whether this prefix is one single address. */
  public boolean isHost() {
    return length == address.getAddress().length * 8;
  }

  public boolean isIpv6() {
    return address.getAddress().length == 16;
  }

  /** Whether the address lies in this prefix; never across families. */
  public boolean contains(InetAddress other) {
    return other.getAddress().length == address.getAddress().length
        && masked(other, length).equals(address);
  }

  /**
   * What remains of this prefix without another: the fewest prefixes that hold all other addresses.
   * Itself if the two have nothing in common, nothing if the other holds all of it.
   */
  public List<Prefix> without(Prefix other) {
    if (other.length <= length && other.contains(address)) {
      return List.of();
    }
    if (!contains(other.address)) {
      return List.of(this);
    }
    List<Prefix> rest = new ArrayList<>();
    for (int bits = length; bits < other.length; bits++) {
      byte[] bytes = other.address.getAddress();
      bytes[bits / 8] ^= (byte) (0x80 >> bits % 8);
      rest.add(new Prefix(address(bytes), bits + 1));
    }
    return List.copyOf(rest);
  }

  /** IPv4 before IPv6, then longer prefixes first, then by address bytes, unsigned. */
  @Override
  public int compareTo(Prefix other) {
    byte[] mine = address.getAddress();
    byte[] theirs = other.address.getAddress();
    if (mine.length != theirs.length) {
      return Integer.compare(mine.length, theirs.length);
    }
    if (length != other.length) {
      return Integer.compare(other.length, length);
    }
    return Arrays.compareUnsigned(mine, theirs);
  }

  // Those that records have are linked when first called, which a start can do without (ADR 24).
  @Override
  public boolean equals(Object other) {
    return other instanceof Prefix prefix
        && length == prefix.length
        && address.equals(prefix.address);
  }

  @Override
  public int hashCode() {
    return 31 * address.hashCode() + length;
  }

  /** {@code 10.0.0.1} for a single address, else {@code 10.0.0.0/8}. */
  @Override
  public String toString() {
    return isHost() ? address.getHostAddress() : address.getHostAddress() + "/" + length;
  }

  private static InetAddress masked(InetAddress address, int length) {
    byte[] bytes = address.getAddress();
    for (int i = 0; i < bytes.length; i++) {
      int keep = Math.max(0, Math.min(8, length - i * 8));
      bytes[i] &= (byte) (0xff << (8 - keep));
    }
    return address(bytes);
  }

  private static InetAddress address(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new AssertionError("4 or 16 bytes are always an address", e);
    }
  }
}
