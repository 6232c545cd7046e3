package io.teleproxy.plugin.kubernetes.table;

import io.teleproxy.plugin.kubernetes.model.ClusterSnapshot;
import io.teleproxy.plugin.kubernetes.model.EndpointView;
import io.teleproxy.plugin.kubernetes.model.EndpointsView;
import io.teleproxy.plugin.kubernetes.model.EndpointsView.Subset;
import io.teleproxy.plugin.kubernetes.model.PodView;
import io.teleproxy.plugin.kubernetes.model.PortView;
import io.teleproxy.plugin.kubernetes.model.ServiceView;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Turns a cluster into its table. Pure: the same snapshot gives the same names and routes.
 *
 * <p>A service's address is refused as a whole, for TCP and UDP, but for the TCP ports that
 * somebody serves. A pod's address is diverted on all TCP ports. Addresses of nodes and of the API
 * server never occur in a route, though they may in a record.
 */
public final class ClusterTable {
  /** The name of the table. */
  public static final String NAME = "kubernetes";

  private static final String DNS_VERSION = "1.1.0";

  private final ClusterSnapshot cluster;
  private final String domain;
  private final int target;
  private final int ttl;
  private final List<Route> routes = new ArrayList<>();
  private final List<String> records = new ArrayList<>();

  /** Pod addresses that have routes. */
  private final Set<InetAddress> intercepted = new HashSet<>();

  private ClusterTable(ClusterSnapshot cluster, String domain, int target, int ttl) {
    this.cluster = cluster;
    this.domain = domain;
    this.target = target;
    this.ttl = ttl;
  }

  /**
   * The complete table.
   *
   * @param domain the cluster's DNS domain without final dot
   * @param target local port of the SOCKS5 proxy into the cluster
   * @param ttl of the records, in seconds
   */
  public static Table of(ClusterSnapshot cluster, String domain, int target, int ttl) {
    return new ClusterTable(cluster, domain, target, ttl).build();
  }

  /** The zones for which the table speaks. */
  public static List<String> zones(String domain) {
    return List.of(domain);
  }

  private Table build() {
    records.add(DnsText.record("dns-version." + domain, ttl, "TXT", '"' + DNS_VERSION + '"'));
    for (PodView pod : cluster.pods().values()) {
      pod(pod);
    }
    for (ServiceView service : cluster.services().values()) {
      String name = service.name() + "." + service.namespace() + ".svc." + domain;
      switch (service.kind()) {
        case EXTERNAL_NAME ->
            records.add(DnsText.record(name, ttl, "CNAME", service.externalName() + "."));
        case CLUSTER_IP -> clusterIp(service, name);
        case HEADLESS -> endpoints(service, name, true);
      }
    }
    return new Table(NAME, zones(domain), routes, records, true);
  }

  private void clusterIp(ServiceView service, String name) {
    List<Integer> served = new ArrayList<>(service.ports().size());
    for (PortView port : service.ports()) {
      if (port.protocol().equals("TCP") && cluster.served(service, port)) {
        served.add(port.port());
      }
      if (!port.name().isEmpty()) {
        records.add(srv(port, name, 100, port.port(), name));
      }
    }
    for (InetAddress address : service.clusterIps()) {
      if (cluster.own().contains(address)) {
        continue;
      }
      Prefix ip = Prefix.of(address);
      if (!served.isEmpty()) {
        routes.add(Route.divert("", Protocol.TCP, ip, Ports.of(served), target));
      }
      routes.add(Route.reject(name, Protocol.TCP, ip, Ports.ALL));
      routes.add(Route.reject("", Protocol.UDP, ip, Ports.ALL));
      records.add(DnsText.record(DnsText.reverse(address), ttl, "PTR", name + "."));
    }
    endpoints(service, name, false);
  }

  /**
   * Names of the single endpoints, which every service has; for a headless one they are also what
   * the service's own name stands for.
   */
  private void endpoints(ServiceView service, String name, boolean headless) {
    Set<InetAddress> own = new HashSet<>();
    Set<String> seen = new HashSet<>();
    int weight = headless ? Math.max(1, 100 / Math.max(1, count(service))) : 100;
    for (EndpointsView slice : cluster.endpoints(service)) {
      for (Subset subset : slice.subsets()) {
        for (EndpointView endpoint : subset.endpoints()) {
          if (ClusterSnapshot.counts(service, endpoint)) {
            endpoint(name, headless, weight, subset, endpoint, own, seen);
          }
        }
      }
    }
  }

  private void endpoint(
      String name,
      boolean headless,
      int weight,
      Subset subset,
      EndpointView endpoint,
      Set<InetAddress> own,
      Set<String> seen) {
    InetAddress address = endpoint.address();
    if (!endpoint.pod().isEmpty()
        && !cluster.own().contains(address)
        && !intercepted.contains(address)) {
      // Its pod is not known yet (the next change brings it): no name before its route.
      return;
    }
    String label = endpoint.hostname().isEmpty() ? DnsText.dashed(address) : endpoint.hostname();
    String endpointName = label + "." + name;
    if (seen.add(label + " " + address.getHostAddress())) {
      records.add(DnsText.address(endpointName, ttl, address));
      if (!endpoint.pod().isEmpty() && !cluster.own().contains(address)) {
        // Other addresses are the world's, where somebody else names them.
        records.add(DnsText.record(DnsText.reverse(address), ttl, "PTR", endpointName + "."));
      }
    }
    if (!headless) {
      return;
    }
    if (own.add(address)) {
      records.add(DnsText.address(name, ttl, address));
    }
    for (PortView port : subset.ports()) {
      if (!port.name().isEmpty()) {
        String record = srv(port, name, weight, port.port(), endpointName);
        if (seen.add(record)) {
          records.add(record);
        }
      }
    }
  }

  private int count(ServiceView service) {
    int count = 0;
    for (EndpointsView slice : cluster.endpoints(service)) {
      for (Subset subset : slice.subsets()) {
        for (EndpointView endpoint : subset.endpoints()) {
          count += ClusterSnapshot.counts(service, endpoint) ? 1 : 0;
        }
      }
    }
    return count;
  }

  /** Endpoints share a weight of 100 evenly, as CoreDNS has it. */
  private String srv(PortView port, String service, int weight, int number, String host) {
    String owner =
        "_" + port.name() + "._" + port.protocol().toLowerCase(Locale.ROOT) + "." + service;
    return DnsText.record(owner, ttl, "SRV", "0 " + weight + " " + number + " " + host + ".");
  }

  private void pod(PodView pod) {
    String suffix = "." + pod.namespace() + ".pod." + domain;
    for (InetAddress address : pod.ips()) {
      if (cluster.own().contains(address)) {
        continue;
      }
      intercepted.add(address);
      routes.add(
          Route.divert(pod.name() + suffix, Protocol.TCP, Prefix.of(address), Ports.ALL, target));
      records.add(DnsText.address(DnsText.dashed(address) + suffix, ttl, address));
    }
  }
}
