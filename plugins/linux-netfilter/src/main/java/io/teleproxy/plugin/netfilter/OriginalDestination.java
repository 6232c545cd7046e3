package io.teleproxy.plugin.netfilter;

import io.teleproxy.spi.Interceptor.AcceptedConnection;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/**
 * What conntrack knows of a redirected connection: {@code SO_ORIGINAL_DST} (linux/netfilter_ipv4.h,
 * linux/netfilter_ipv6/ip6_tables.h).
 */
public final class OriginalDestination {
  /** {@code SOL_IP}; the option is that of the packets' family, also on a dual-stack socket. */
  private static final int SOL_IP = 0;

  /** {@code SOL_IPV6}. */
  private static final int SOL_IPV6 = 41;

  /** {@code SO_ORIGINAL_DST} and {@code IP6T_SO_ORIGINAL_DST} have the same number. */
  private static final int SO_ORIGINAL_DST = 80;

  /** {@code struct sockaddr_in}: family, port, address, 8 bytes of padding. */
  private static final int SOCKADDR_IN = 16;

  /** {@code struct sockaddr_in6}: family, port, flow info, address, scope id. */
  private static final int SOCKADDR_IN6 = 28;

  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;

  private OriginalDestination() {}

  /** Empty if the connection was not redirected. */
  public static Optional<InetSocketAddress> of(AcceptedConnection connection) throws IOException {
    InetSocketAddress local = connection.local();
    byte[] address;
    try {
      address =
          local.getAddress() instanceof Inet4Address
              ? connection.socketOption(SOL_IP, SO_ORIGINAL_DST, SOCKADDR_IN)
              : connection.socketOption(SOL_IPV6, SO_ORIGINAL_DST, SOCKADDR_IN6);
    } catch (IOException e) {
      if (notTracked(e)) {
        return Optional.empty();
      }
      throw e;
    }
    InetSocketAddress destination = parse(address);
    return destination.equals(local) ? Optional.empty() : Optional.of(destination);
  }

  /** Reads a {@code sockaddr_in} or {@code sockaddr_in6}. */
  static InetSocketAddress parse(byte[] address) throws IOException {
    int family = address.length < 2 ? -1 : family(address);
    if (family == AF_INET && address.length >= 8) {
      return new InetSocketAddress(ip(address, 4, 4), port(address));
    }
    if (family == AF_INET6 && address.length >= 24) {
      return new InetSocketAddress(ip(address, 8, 16), port(address));
    }
    throw new IOException(
        "SO_ORIGINAL_DST: family "
            + family
            + " in "
            + address.length
            + " bytes (expected: sockaddr_in or sockaddr_in6)");
  }

  /** In the machine's byte order, unlike the port. */
  private static int family(byte[] address) {
    int low = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? 0 : 1;
    return ((address[1 - low] & 0xff) << 8) | (address[low] & 0xff);
  }

  private static int port(byte[] address) {
    return ((address[2] & 0xff) << 8) | (address[3] & 0xff);
  }

  private static InetAddress ip(byte[] address, int from, int length) throws UnknownHostException {
    return InetAddress.getByAddress(Arrays.copyOfRange(address, from, from + length));
  }

  /** ENOENT: conntrack has no entry; ENOPROTOOPT: no conntrack for this family at all. */
  private static boolean notTracked(IOException failure) {
    String message = String.valueOf(failure.getMessage());
    return message.contains("No such file or directory")
        || message.contains("ENOENT")
        || message.contains("Protocol not available")
        || message.contains("ENOPROTOOPT");
  }
}
