package io.teleproxy.plugin.netsh;

import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Set;
import java.util.stream.Collectors;

/** What the Java platform tells of the machine, in no language. */
final class LoopbackInterface {
  private LoopbackInterface() {}

  static Set<InetAddress> addresses() {
    try {
      return NetworkInterface.networkInterfaces()
          .filter(LoopbackInterface::isLoopback)
          .flatMap(NetworkInterface::inetAddresses)
          .collect(Collectors.toUnmodifiableSet());
    } catch (SocketException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isLoopback(NetworkInterface one) {
    try {
      return one.isLoopback();
    } catch (SocketException e) {
      return false;
    }
  }
}
