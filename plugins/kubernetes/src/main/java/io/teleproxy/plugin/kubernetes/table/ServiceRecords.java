package io.teleproxy.plugin.kubernetes.table;

import io.teleproxy.plugin.kubernetes.model.PortView;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * SRV records of a name: one for each port under {@code _PORT._PROTOCOL.NAME}, if the port has a
 * name, and one for every port under the name itself. As CoreDNS has it, all records of one owner
 * share a weight of 100 evenly, and the addresses stand under {@code _PORT._PROTOCOL.NAME}, too.
 */
final class ServiceRecords {
  private final String name;
  private final int ttl;
  private final Map<String, List<Target>> byOwner = new LinkedHashMap<>();

  private record Target(int port, String host, @Nullable InetAddress address) {}

  ServiceRecords(String name, int ttl) {
    this.name = name;
    this.ttl = ttl;
  }

  /** Adds a host that serves the port, under the port's name and under the name alone. */
  void add(PortView port, String host, InetAddress address) {
    if (!port.name().isEmpty()) {
      String owner =
          "_" + port.name() + "._" + port.protocol().toLowerCase(Locale.ROOT) + "." + name;
      add(owner, new Target(port.port(), host, address));
    }
    addToName(port, host);
  }

  /** Adds a host that serves the port, under the name alone. */
  void addToName(PortView port, String host) {
    // Endpoints need not restrict their ports: then there is none to tell.
    if (port.port() > 0) {
      add(name, new Target(port.port(), host, null));
    }
  }

  void write(List<String> records) {
    byOwner.forEach(
        (owner, targets) -> {
          int weight = Math.max(1, 100 / targets.size());
          Set<String> mine = new LinkedHashSet<>(targets.size() * 2);
          for (Target target : targets) {
            String data = "0 " + weight + " " + target.port() + " " + target.host() + ".";
            mine.add(DnsText.record(owner, ttl, "SRV", data));
            if (target.address() != null) {
              mine.add(DnsText.address(owner, ttl, target.address()));
            }
          }
          records.addAll(mine);
        });
  }

  private void add(String owner, Target target) {
    byOwner.computeIfAbsent(owner, key -> new ArrayList<>(2)).add(target);
  }
}
