package io.teleproxy.plugin.kubernetes.table;

import io.teleproxy.plugin.kubernetes.model.EndpointView;
import io.teleproxy.plugin.kubernetes.model.EndpointsView;
import io.teleproxy.plugin.kubernetes.model.EndpointsView.Subset;
import io.teleproxy.plugin.kubernetes.model.PortView;
import io.teleproxy.plugin.kubernetes.model.ServiceView;
import io.teleproxy.plugin.kubernetes.model.ServiceWithEndpoints;
import io.teleproxy.plugin.kubernetes.table.ClusterTable.Surroundings;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table.Part;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What a service and its endpoints put into the table. The service's address is refused as a whole,
 * for TCP and UDP, but for the ports that somebody serves. Its UDP ports at pods are diverted, too:
 * pods need not declare theirs. Addresses of nodes and of the API server never occur in a route,
 * though they may in a record.
 */
final class ServiceEntries {
  private final ServiceWithEndpoints backed;
  private final ServiceView service;
  private final Surroundings surroundings;
  private final int target;
  private final int ttl;
  private final String name;
  private final List<Route> routes = new ArrayList<>();
  private final List<String> records = new ArrayList<>();

  ServiceEntries(ClusterTable table, ServiceWithEndpoints backed, Surroundings surroundings) {
    this.backed = backed;
    this.service = backed.service();
    this.surroundings = surroundings;
    this.target = table.target();
    this.ttl = table.ttl();
    this.name = service.name() + "." + service.namespace() + ".svc." + table.domain();
  }

  Part part() {
    switch (service.kind()) {
      case EXTERNAL_NAME ->
          records.add(DnsText.record(name, ttl, "CNAME", service.externalName() + "."));
      case CLUSTER_IP -> clusterIp();
      case HEADLESS -> endpoints(true);
    }
    return new Part(routes, records);
  }

  private void clusterIp() {
    List<Integer> served = served("TCP");
    List<Integer> servedUdp = served("UDP");
    for (PortView port : service.ports()) {
      if (!port.name().isEmpty()) {
        records.add(srv(port, 100, port.port(), name));
      }
    }
    for (InetAddress address : service.clusterIps()) {
      if (surroundings.isOwn(address)) {
        continue;
      }
      Prefix ip = Prefix.of(address);
      if (!served.isEmpty()) {
        routes.add(Route.divert("", Protocol.TCP, ip, Ports.of(served), target));
      }
      routes.add(Route.reject(name, Protocol.TCP, ip, Ports.ALL));
      if (!servedUdp.isEmpty()) {
        routes.add(Route.divert("", Protocol.UDP, ip, Ports.of(servedUdp), target));
      }
      routes.add(Route.reject("", Protocol.UDP, ip, Ports.ALL));
      records.add(DnsText.record(DnsText.reverse(address), ttl, "PTR", name + "."));
    }
    endpoints(false);
  }

  private List<Integer> served(String protocol) {
    List<Integer> served = new ArrayList<>(service.ports().size());
    for (PortView port : service.ports()) {
      if (port.protocol().equals(protocol) && backed.serves(port)) {
        served.add(port.port());
      }
    }
    return served;
  }

  /**
   * Names of the single endpoints, which every service has; for a headless one they are also what
   * the service's own name stands for.
   */
  private void endpoints(boolean headless) {
    Set<InetAddress> own = new HashSet<>();
    Set<String> seen = new HashSet<>();
    int weight = headless ? Math.max(1, 100 / Math.max(1, backed.count())) : 100;
    for (EndpointsView slice : backed.slices()) {
      for (Subset subset : slice.subsets()) {
        for (EndpointView endpoint : subset.endpoints()) {
          if (backed.counts(endpoint)) {
            endpoint(headless, weight, subset, endpoint, own, seen);
          }
        }
      }
    }
  }

  private void endpoint(
      boolean headless,
      int weight,
      Subset subset,
      EndpointView endpoint,
      Set<InetAddress> own,
      Set<String> seen) {
    InetAddress address = endpoint.address();
    boolean ofPod = !endpoint.pod().isEmpty() && !surroundings.isOwn(address);
    if (ofPod && !surroundings.isPod(address)) {
      // Its pod is not known yet (the next change brings it): no name before its route.
      return;
    }
    String label = endpoint.hostname().isEmpty() ? DnsText.dashed(address) : endpoint.hostname();
    String endpointName = label + "." + name;
    if (seen.add(label + " " + address.getHostAddress())) {
      records.add(DnsText.address(endpointName, ttl, address));
      if (ofPod) {
        // Other addresses are the world's, where somebody else names them.
        records.add(DnsText.record(DnsText.reverse(address), ttl, "PTR", endpointName + "."));
      }
    }
    if (ofPod) {
      divertDatagrams(subset, address, seen);
    }
    if (!headless) {
      return;
    }
    if (own.add(address)) {
      records.add(DnsText.address(name, ttl, address));
    }
    for (PortView port : subset.ports()) {
      if (!port.name().isEmpty()) {
        String record = srv(port, weight, port.port(), endpointName);
        if (seen.add(record)) {
          records.add(record);
        }
      }
    }
  }

  private void divertDatagrams(Subset subset, InetAddress address, Set<String> seen) {
    for (PortView port : subset.ports()) {
      boolean udp = port.protocol().equals("UDP") && port.port() != 0;
      if (udp && seen.add("udp " + port.port() + " " + address.getHostAddress())) {
        Ports only = Ports.of(port.port());
        routes.add(Route.divert("", Protocol.UDP, Prefix.of(address), only, target));
      }
    }
  }

  /** Endpoints share a weight of 100 evenly, as CoreDNS has it. */
  private String srv(PortView port, int weight, int number, String host) {
    String owner = "_" + port.name() + "._" + port.protocol().toLowerCase(Locale.ROOT) + "." + name;
    return DnsText.record(owner, ttl, "SRV", "0 " + weight + " " + number + " " + host + ".");
  }
}
