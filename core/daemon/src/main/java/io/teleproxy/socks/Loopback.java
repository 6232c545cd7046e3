package io.teleproxy.socks;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** The loopback addresses by their bytes, whatever the resolver says about localhost. */
public final class Loopback {
  public static final InetAddress IPV4 = address(new byte[] {127, 0, 0, 1});
  public static final InetAddress IPV6 =
      address(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

  private Loopback() {}

  private static InetAddress address(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new AssertionError("4 or 16 bytes are always an address", e);
    }
  }
}
