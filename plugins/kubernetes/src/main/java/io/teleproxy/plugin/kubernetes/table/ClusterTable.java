package io.teleproxy.plugin.kubernetes.table;

import io.teleproxy.plugin.kubernetes.model.ClusterSnapshot;
import io.teleproxy.plugin.kubernetes.model.PodView;
import io.teleproxy.plugin.kubernetes.model.ServiceView;
import io.teleproxy.plugin.kubernetes.model.ServiceWithEndpoints;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.Table.Part;
import io.teleproxy.spi.TrieMap;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Turns a cluster into its table, a part for each service and pod. Pure: the same object among the
 * same addresses gives the same part, the same snapshot the same table.
 *
 * @param domain the cluster's DNS domain without final dot
 * @param target local port of the SOCKS5 proxy into the cluster
 * @param ttl of the records, in seconds
 */
public record ClusterTable(String domain, int target, int ttl) {
  /** The name of the table. */
  public static final String NAME = "kubernetes";

  /** The key of the part that belongs to no object. */
  public static final String CLUSTER = "cluster";

  private static final String DNS_VERSION = "1.1.0";

  /** What an object's part depends on besides the object. */
  public interface Surroundings {
    /** Whether the address is a node's or the API server's, and so not the cluster's to give. */
    boolean isOwn(InetAddress address);

    /** Whether there is a pod with this address, and so a route. */
    boolean isPod(InetAddress address);
  }

  /** The complete table. */
  public Table of(ClusterSnapshot cluster) {
    Set<InetAddress> pods = new HashSet<>();
    cluster.pods().values().forEach(pod -> pods.addAll(pod.ips()));
    Surroundings surroundings =
        new Surroundings() {
          @Override
          public boolean isOwn(InetAddress address) {
            return cluster.own().contains(address);
          }

          @Override
          public boolean isPod(InetAddress address) {
            return pods.contains(address);
          }
        };
    Map<String, Part> parts = new HashMap<>();
    parts.put(CLUSTER, cluster());
    for (PodView pod : cluster.pods().values()) {
      put(parts, key(pod), part(pod, surroundings));
    }
    for (ServiceView service : cluster.services().values()) {
      put(parts, key(service), part(cluster.withEndpoints(service), surroundings));
    }
    return table(TrieMap.copyOf(parts));
  }

  /** The table of these parts. */
  public Table table(TrieMap<String, Part> parts) {
    return new Table(NAME, zones(domain), parts, true);
  }

  /** The zones for which the table speaks. */
  public static List<String> zones(String domain) {
    return List.of(domain);
  }

  /** What belongs to no object. */
  public Part cluster() {
    return new Part(
        List.of(),
        List.of(DnsText.record("dns-version." + domain, ttl, "TXT", '"' + DNS_VERSION + '"')));
  }

  public Part part(ServiceWithEndpoints service, Surroundings surroundings) {
    return new ServiceEntries(this, service, surroundings).part();
  }

  public Part part(PodView pod, Surroundings surroundings) {
    return PodEntries.part(this, pod, surroundings);
  }

  /** The key of a service's part. */
  public static String key(ServiceView service) {
    return "service/" + service.key();
  }

  /** The key of a pod's part. */
  public static String key(PodView pod) {
    return "pod/" + pod.key();
  }

  private static void put(Map<String, Part> parts, String key, Part part) {
    if (!part.isEmpty()) {
      parts.put(key, part);
    }
  }
}
