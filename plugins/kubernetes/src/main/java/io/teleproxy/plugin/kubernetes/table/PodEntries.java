package io.teleproxy.plugin.kubernetes.table;

import io.teleproxy.plugin.kubernetes.model.PodView;
import io.teleproxy.plugin.kubernetes.table.ClusterTable.Surroundings;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table.Part;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/** What a pod puts into the table: its address is diverted on all TCP ports. */
final class PodEntries {
  private PodEntries() {}

  static Part part(ClusterTable table, PodView pod, Surroundings surroundings) {
    List<Route> routes = new ArrayList<>(pod.ips().size());
    List<String> records = new ArrayList<>(pod.ips().size());
    String suffix = "." + pod.namespace() + ".pod." + table.domain();
    for (InetAddress address : pod.ips()) {
      if (!surroundings.isOwn(address)) {
        Prefix ip = Prefix.of(address);
        routes.add(Route.divert(pod.name() + suffix, Protocol.TCP, ip, Ports.ALL, table.target()));
        records.add(DnsText.address(DnsText.dashed(address) + suffix, table.ttl(), address));
      }
    }
    return new Part(routes, records);
  }
}
