package io.teleproxy.plugin.netsh;

import io.teleproxy.spi.Prefix;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Addresses of 127.0.0.0/8, all of which Windows takes for itself, of which each stands for one
 * destination: a connection that arrives there was going to it. Written by one thread, read by any.
 */
final class Arrivals {
  /** All of ours lie in here, so that entries of dead runs are known for ours. */
  static final Prefix RANGE = Prefix.parse("127.84.0.0/16");

  static final InetAddress PLAIN = Prefix.parseAddress("127.0.0.1");

  /** Whether an entry of the port proxy is one of ours, of this run or another. */
  static boolean isOurs(InetSocketAddress from, InetSocketAddress to) {
    return RANGE.contains(to.getAddress()) || Names.SERVER.equals(from.getAddress());
  }

  private static final int HIGHEST = 0xfffe;

  private final Map<InetSocketAddress, InetAddress> byDestination = new HashMap<>();
  private final Map<InetAddress, InetSocketAddress> byAddress = new ConcurrentHashMap<>();
  private int last;

  /** The address that stands for a destination; the same for as long as it is kept. */
  InetAddress of(InetSocketAddress destination) {
    return byDestination.computeIfAbsent(
        destination,
        to -> {
          InetAddress address = next();
          byAddress.put(address, to);
          return address;
        });
  }

  /** Where a connection to this address of ours was going. */
  Optional<InetSocketAddress> destination(InetAddress address) {
    return Optional.ofNullable(byAddress.get(address));
  }

  /** Forgets all destinations but these. */
  void retain(Collection<InetSocketAddress> destinations) {
    byDestination
        .entrySet()
        .removeIf(
            entry -> {
              boolean gone = !destinations.contains(entry.getKey());
              if (gone) {
                byAddress.remove(entry.getValue());
              }
              return gone;
            });
  }

  Set<InetAddress> addresses() {
    return Set.copyOf(byAddress.keySet());
  }

  /** The one that was not used for the longest time. */
  private InetAddress next() {
    for (int tries = 0; tries < HIGHEST; tries++) {
      last = last % HIGHEST + 1;
      InetAddress address = Prefix.parseAddress("127.84." + (last >> 8) + "." + (last & 0xff));
      if (!byAddress.containsKey(address)) {
        return address;
      }
    }
    throw new IllegalStateException("more than " + HIGHEST + " TCP destinations");
  }
}
