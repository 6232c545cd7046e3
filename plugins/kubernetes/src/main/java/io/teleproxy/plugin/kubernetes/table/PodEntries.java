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

/**
 * What a pod puts into the table: its address is diverted on all TCP ports, those that it declares
 * by name for backends that cannot do all, and on the UDP ports that it declares. Other UDP is
 * refused; a service with endpoints there diverts its own.
 */
final class PodEntries {
  private PodEntries() {}

  static Part part(ClusterTable table, PodView pod, Surroundings surroundings) {
    List<Route> routes = new ArrayList<>(2 * pod.ips().size());
    List<String> records = new ArrayList<>(pod.ips().size());
    String suffix = "." + pod.namespace() + ".pod." + table.domain();
    for (InetAddress address : pod.ips()) {
      if (!surroundings.isOwn(address)) {
        Prefix ip = Prefix.of(address);
        routes.add(Route.divert(pod.name() + suffix, Protocol.TCP, ip, Ports.ALL, table.target()));
        if (!pod.tcpPorts().isEmpty()) {
          Ports ports = Ports.of(pod.tcpPorts());
          routes.add(Route.divert("", Protocol.TCP, ip, ports, table.target()));
        }
        if (!pod.udpPorts().isEmpty()) {
          Ports ports = Ports.of(pod.udpPorts());
          routes.add(Route.divert("", Protocol.UDP, ip, ports, table.target()));
        }
        routes.add(Route.reject("", Protocol.UDP, ip, Ports.ALL));
        records.add(DnsText.address(DnsText.dashed(address) + suffix, table.ttl(), address));
      }
    }
    if (pod.hostNetwork()) {
      // A name in the cluster for an address that is not the cluster's: told, not intercepted.
      for (InetAddress address : pod.nodeIps()) {
        records.add(DnsText.address(pod.name() + suffix, table.ttl(), address));
        records.add(DnsText.address(DnsText.dashed(address) + suffix, table.ttl(), address));
      }
    }
    return new Part(routes, records);
  }
}
