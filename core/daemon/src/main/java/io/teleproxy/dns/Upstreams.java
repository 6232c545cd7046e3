package io.teleproxy.dns;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * In which order nameservers are asked: as configured, but those that did not answer lately last.
 * Safe for several threads.
 */
final class Upstreams {
  private static final long AVOID_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final Nameservers.Options options;
  private final List<InetSocketAddress> servers;
  private final ConcurrentMap<InetSocketAddress, Long> silentSince = new ConcurrentHashMap<>();
  private final AtomicInteger rotation = new AtomicInteger();

  Upstreams(List<InetSocketAddress> servers, Nameservers.Options options) {
    this.servers = List.copyOf(servers);
    this.options = options;
  }

  Nameservers.Options options() {
    return options;
  }

  /** Whether these are the same nameservers, so that what is known about them still holds. */
  boolean isFor(List<InetSocketAddress> others, Nameservers.Options otherOptions) {
    return servers.equals(others) && Objects.equals(options, otherOptions);
  }

  InetSocketAddress[] order() {
    int count = servers.size();
    int start =
        options.rotate() && count > 1
            ? (rotation.getAndIncrement() & Integer.MAX_VALUE) % count
            : 0;
    InetSocketAddress[] order = new InetSocketAddress[count];
    int at = 0;
    int last = count;
    for (int i = 0; i < count; i++) {
      InetSocketAddress server = servers.get((start + i) % count);
      if (isSilent(server)) {
        order[--last] = server;
      } else {
        order[at++] = server;
      }
    }
    // The silent ones were put in from behind: turn them round into their own order.
    for (int i = last, j = count - 1; i < j; i++, j--) {
      InetSocketAddress swap = order[i];
      order[i] = order[j];
      order[j] = swap;
    }
    return order;
  }

  void answered(InetSocketAddress server) {
    if (!silentSince.isEmpty()) {
      silentSince.remove(server);
    }
  }

  void silent(InetSocketAddress server) {
    silentSince.put(server, System.nanoTime());
  }

  /** All of them, if none has answered what it was asked last; else none. */
  List<InetSocketAddress> allSilent() {
    return silentSince.keySet().containsAll(servers) ? servers : List.of();
  }

  private boolean isSilent(InetSocketAddress server) {
    Long since = silentSince.isEmpty() ? null : silentSince.get(server);
    return since != null && System.nanoTime() - since < AVOID_NANOS;
  }
}
