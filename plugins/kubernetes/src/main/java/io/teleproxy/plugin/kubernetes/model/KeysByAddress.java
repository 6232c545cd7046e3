package io.teleproxy.plugin.kubernetes.model;

import io.teleproxy.spi.TrieMap;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * Which objects have an address, by their keys in ascending order. Nearly always it is one. On the
 * way from one state to the next; confined to one thread.
 */
final class KeysByAddress {
  private final TrieMap.Editor<InetAddress, List<String>> keys =
      TrieMap.<InetAddress, List<String>>empty().edit();

  List<String> at(InetAddress address) {
    List<String> found = keys.get(address);
    return found == null ? List.of() : found;
  }

  /** Says whether nobody had the address before. */
  boolean add(InetAddress address, String key) {
    List<String> there = at(address);
    if (!there.contains(key)) {
      List<String> more = new ArrayList<>(there);
      more.add(key);
      more.sort(null);
      keys.put(address, List.copyOf(more));
    }
    return there.isEmpty();
  }

  /** Says whether nobody has the address any more. */
  boolean remove(InetAddress address, String key) {
    List<String> less = new ArrayList<>(at(address));
    less.remove(key);
    if (less.isEmpty()) {
      keys.remove(address);
    } else {
      keys.put(address, List.copyOf(less));
    }
    return less.isEmpty();
  }

  TrieMap<InetAddress, List<String>> done() {
    return keys.done();
  }
}
