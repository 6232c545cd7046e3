package io.teleproxy.plugin.docker;

import io.teleproxy.spi.Prefix;
import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * The networks that this machine has an address in: containers in one of them are reached directly.
 * Those of engines in a virtual machine (Docker Desktop) or in a network namespace of their own
 * (rootless) are in none.
 *
 * @param prefixes of the addresses of all interfaces
 */
record LocalNetworks(List<Prefix> prefixes) implements Predicate<InetAddress> {
  LocalNetworks {
    prefixes = List.copyOf(prefixes);
  }

  /** As they are now. */
  static LocalNetworks now() {
    List<Prefix> prefixes = new ArrayList<>();
    try {
      for (NetworkInterface each : NetworkInterface.networkInterfaces().toList()) {
        for (InterfaceAddress address : each.getInterfaceAddresses()) {
          if (address.getNetworkPrefixLength() >= 0) {
            prefixes.add(new Prefix(address.getAddress(), address.getNetworkPrefixLength()));
          }
        }
      }
    } catch (SocketException e) {
      // Interfaces come and go while we look; containers that start are a reason to look again.
    }
    return new LocalNetworks(prefixes);
  }

  @Override
  public boolean test(InetAddress address) {
    return prefixes.stream().anyMatch(prefix -> prefix.contains(address));
  }
}
