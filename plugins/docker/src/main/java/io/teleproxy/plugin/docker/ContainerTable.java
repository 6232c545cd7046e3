package io.teleproxy.plugin.docker;

import io.teleproxy.plugin.docker.ContainerView.Attachment;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Table.Part;
import io.teleproxy.spi.TrieMap;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Names of containers, below one domain: the part of a table for each. There are records only; a
 * container's own address is reached without anybody's help.
 *
 * <p>A name that several containers have has the addresses of all of them.
 */
final class ContainerTable {
  private static final String LOOPBACK = "127.0.0.1";
  private static final String TTL = " 5 IN ";

  /** A label of RFC 1035 §2.3.1, underscores and leading digits included. */
  private static final String LABEL = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?";

  private static final int LONGEST_NAME = 253;

  private final String domain;
  private final Predicate<InetAddress> reachable;
  private final Map<String, ContainerView> byId = new HashMap<>();

  private ContainerTable(String domain, Predicate<InetAddress> reachable) {
    this.domain = domain;
    this.reachable = reachable;
  }

  /**
   * The parts of a table, by the containers' ids.
   *
   * @param domain that all names are below; lower case, without final dot
   * @param reachable whether programs of this machine reach a container's own address; else the
   *     addresses count at which its ports are published
   */
  static TrieMap<String, Part> parts(
      Collection<ContainerView> containers, String domain, Predicate<InetAddress> reachable) {
    ContainerTable table = new ContainerTable(domain, reachable);
    containers.forEach(container -> table.byId.put(container.id(), container));
    TrieMap.Editor<String, Part> parts = TrieMap.<String, Part>empty().edit();
    for (ContainerView container : containers) {
      Set<String> records = new LinkedHashSet<>();
      table.add(container, records);
      if (!records.isEmpty()) {
        parts.put(container.id(), new Part(List.of(), List.copyOf(records)));
      }
    }
    return parts.done();
  }

  private void add(ContainerView container, Set<String> records) {
    List<Attachment> networks = networks(container);
    Set<InetAddress> all = new LinkedHashSet<>();
    for (Attachment network : networks) {
      List<InetAddress> addresses = network.addresses().stream().filter(reachable).toList();
      all.addAll(addresses);
      add(container.name() + "." + network.network(), addresses, records);
      for (String alias : network.aliases()) {
        add(alias, addresses, records);
        add(alias + "." + network.network(), addresses, records);
      }
    }
    if (container.other().isEmpty()) {
      all.forEach(address -> addReverse(address, container.name(), records));
    }
    if (all.isEmpty()) {
      all.addAll(container.published());
      if (container.onHost()) {
        all.add(Prefix.parseAddress(LOOPBACK));
      }
      networks.forEach(network -> network.aliases().forEach(alias -> add(alias, all, records)));
    }
    add(container.name(), all, records);
    if (!container.project().isEmpty()) {
      add(container.service() + "." + container.project(), all, records);
    }
  }

  /** Those of the other container, if it has the network of another. */
  private List<Attachment> networks(ContainerView container) {
    ContainerView other = byId.get(container.other());
    if (other == null) {
      return container.networks();
    }
    return other.networks().stream()
        .map(network -> new Attachment(network.network(), List.of(), network.addresses()))
        .toList();
  }

  private void add(String name, Collection<InetAddress> addresses, Set<String> records) {
    String full = name.toLowerCase(Locale.ROOT) + "." + domain;
    if (isName(full)) {
      for (InetAddress address : addresses) {
        String type = address instanceof Inet6Address ? "AAAA " : "A ";
        records.add(full + "." + TTL + type + address.getHostAddress());
      }
    }
  }

  private void addReverse(InetAddress address, String name, Set<String> records) {
    String full = name.toLowerCase(Locale.ROOT) + "." + domain;
    if (isName(full)) {
      records.add(reverse(address) + "." + TTL + "PTR " + full + ".");
    }
  }

  private static boolean isName(String name) {
    if (name.length() > LONGEST_NAME) {
      return false;
    }
    for (String label : name.split("\\.", -1)) {
      if (!label.matches(LABEL)) {
        return false;
      }
    }
    return true;
  }

  /** RFC 1035 §3.5, RFC 3596 §2.5. */
  private static String reverse(InetAddress address) {
    StringBuilder name = new StringBuilder();
    byte[] bytes = address.getAddress();
    for (int i = bytes.length - 1; i >= 0; i--) {
      if (bytes.length == 4) {
        name.append(bytes[i] & 0xff).append('.');
      } else {
        name.append(Integer.toHexString(bytes[i] & 0xf)).append('.');
        name.append(Integer.toHexString(bytes[i] >> 4 & 0xf)).append('.');
      }
    }
    return name.append(bytes.length == 4 ? "in-addr.arpa" : "ip6.arpa").toString();
  }
}
