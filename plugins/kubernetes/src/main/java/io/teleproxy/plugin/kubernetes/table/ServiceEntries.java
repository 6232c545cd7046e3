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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a service and its endpoints put into the table. The service's address is refused as a whole,
 * for TCP and UDP, but for the ports that somebody serves. Its ports at pods are diverted, too:
 * pods need not declare theirs. Addresses of nodes and of the API server never occur in a route,
 * though they may in a record.
 */
final class ServiceEntries {
  private final ServiceWithEndpoints backed;
  private final ServiceView service;
  private final Surroundings surroundings;
  private final int target;
  private final int ttl;
  private final String domain;
  private final String name;
  private final List<Route> routes = new ArrayList<>();
  private final List<String> records = new ArrayList<>();

  ServiceEntries(ClusterTable table, ServiceWithEndpoints backed, Surroundings surroundings) {
    this.backed = backed;
    this.service = backed.service();
    this.surroundings = surroundings;
    this.target = table.target();
    this.ttl = table.ttl();
    this.domain = table.domain();
    this.name = service.name() + "." + service.namespace() + ".svc." + table.domain();
  }

  Part part() {
    switch (service.kind()) {
      case EXTERNAL_NAME -> externalName();
      case CLUSTER_IP -> clusterIp();
      case HEADLESS -> endpoints(true);
    }
    return new Part(routes, records);
  }

  private void externalName() {
    String target = service.externalName();
    // CoreDNS does not answer where somebody has put an address instead of a name.
    if (!target.isEmpty() && !DnsText.isAddress(target)) {
      records.add(DnsText.record(name, ttl, "CNAME", target + "."));
    }
  }

  private void clusterIp() {
    List<Integer> served = served("TCP");
    List<Integer> servedUdp = served("UDP");
    ServiceRecords srv = new ServiceRecords(name, ttl);
    for (PortView port : service.ports()) {
      for (InetAddress address : service.clusterIps()) {
        srv.add(port, name, address);
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
    srv.write(records);
    endpoints(false);
    if (ClusterDns.isServedBy(service)) {
      ClusterDns.nameserver(domain, ttl, name, service.clusterIps(), records);
    }
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
    ServiceRecords ofService = new ServiceRecords(name, ttl);
    Map<String, ServiceRecords> ofEndpoints = new LinkedHashMap<>();
    for (EndpointsView slice : backed.slices()) {
      for (Subset subset : slice.subsets()) {
        for (EndpointView endpoint : subset.endpoints()) {
          if (!backed.counts(endpoint) || isWithoutRoute(endpoint)) {
            continue;
          }
          InetAddress address = endpoint.address();
          String label =
              endpoint.hostname().isEmpty() ? DnsText.dashed(address) : endpoint.hostname();
          String host = label + "." + name;
          if (seen.add(label + " " + address.getHostAddress())) {
            records.add(DnsText.address(host, ttl, address));
            if (isNamedHere(endpoint)) {
              records.add(DnsText.record(DnsText.reverse(address), ttl, "PTR", host + "."));
            }
          }
          if (!endpoint.pod().isEmpty() && !surroundings.isOwn(address)) {
            namePorts(subset, address, seen);
          }
          if (headless && own.add(address)) {
            records.add(DnsText.address(name, ttl, address));
          }
          ServiceRecords ofEndpoint =
              ofEndpoints.computeIfAbsent(host, key -> new ServiceRecords(key, ttl));
          for (PortView port : subset.ports()) {
            ofEndpoint.addToName(port, host);
            if (headless) {
              ofService.add(port, host, address);
            }
          }
        }
      }
    }
    ofService.write(records);
    ofEndpoints.values().forEach(srv -> srv.write(records));
  }

  /**
   * UDP ports are led only because of this; TCP ports of pods are led all, and named for backends
   * that cannot do that.
   */
  private void namePorts(Subset subset, InetAddress address, Set<String> seen) {
    for (Protocol protocol : Protocol.values()) {
      List<Integer> ports = new ArrayList<>();
      for (PortView port : subset.ports()) {
        boolean its = port.protocol().equals(protocol.name()) && port.port() != 0;
        if (its && seen.add(protocol + " " + port.port() + " " + address.getHostAddress())) {
          ports.add(port.port());
        }
      }
      if (!ports.isEmpty()) {
        routes.add(Route.divert("", protocol, Prefix.of(address), Ports.of(ports), target));
      }
    }
  }

  /** Its pod is not known yet (the next change brings it): no name before its route. */
  private boolean isWithoutRoute(EndpointView endpoint) {
    InetAddress address = endpoint.address();
    return !endpoint.pod().isEmpty()
        && !surroundings.isOwn(address)
        && !surroundings.isPod(address);
  }

  /** Of public addresses that a service only points at, the world has names. */
  private static boolean isNamedHere(EndpointView endpoint) {
    return !endpoint.pod().isEmpty() || DnsText.isPrivate(endpoint.address());
  }
}
