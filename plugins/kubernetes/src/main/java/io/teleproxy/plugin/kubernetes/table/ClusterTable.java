package io.teleproxy.plugin.kubernetes.table;

import io.teleproxy.plugin.kubernetes.model.ClusterSnapshot;
import io.teleproxy.plugin.kubernetes.model.LiveCluster;
import io.teleproxy.plugin.kubernetes.model.PodView;
import io.teleproxy.plugin.kubernetes.model.ServiceView;
import io.teleproxy.plugin.kubernetes.model.ServiceWithEndpoints;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.Table.Part;
import io.teleproxy.spi.TrieMap;
import java.net.InetAddress;
import java.util.List;

/**
 * Turns a cluster into its table, a part for each service, pod and namespace. Pure: the same object
 * among the same addresses gives the same part, the same snapshot the same table.
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
    TrieMap.Editor<String, Part> parts = TrieMap.of(CLUSTER, cluster()).edit();
    for (String name : cluster.namespaces().keySet()) {
      putNamespace(parts, name, cluster);
    }
    for (String key : cluster.pods().keySet()) {
      putPod(parts, key, cluster);
    }
    for (String key : cluster.services().keySet()) {
      putService(parts, key, cluster);
    }
    return table(parts.done());
  }

  /**
   * The table of a cluster, made from that of the same cluster before these objects were touched:
   * it is the same as if it had been made from nothing.
   */
  public Table changed(Table before, ClusterSnapshot cluster, LiveCluster.Touched touched) {
    TrieMap.Editor<String, Part> parts = before.parts().edit();
    for (String name : touched.namespaces()) {
      putNamespace(parts, name, cluster);
    }
    for (String key : touched.pods()) {
      putPod(parts, key, cluster);
    }
    for (String key : touched.services()) {
      putService(parts, key, cluster);
    }
    return table(parts.done());
  }

  private void putNamespace(
      TrieMap.Editor<String, Part> parts, String name, ClusterSnapshot cluster) {
    boolean there = cluster.namespaces().containsKey(name);
    put(parts, "namespace/" + name, there ? namespace(name) : Part.EMPTY);
  }

  private void putPod(TrieMap.Editor<String, Part> parts, String key, ClusterSnapshot cluster) {
    PodView pod = cluster.pods().get(key);
    put(parts, "pod/" + key, pod == null ? Part.EMPTY : part(pod, new Around(cluster)));
  }

  private void putService(TrieMap.Editor<String, Part> parts, String key, ClusterSnapshot cluster) {
    ServiceView service = cluster.services().get(key);
    put(
        parts,
        "service/" + key,
        service == null ? Part.EMPTY : part(cluster.withEndpoints(service), new Around(cluster)));
  }

  private static void put(TrieMap.Editor<String, Part> parts, String key, Part part) {
    Part known = parts.get(key);
    if (part.isEmpty()) {
      parts.remove(key);
    } else if (known == null || !part.equals(known)) {
      parts.put(key, part);
    }
  }

  private record Around(ClusterSnapshot cluster) implements Surroundings {
    @Override
    public boolean isOwn(InetAddress address) {
      return cluster.isOwn(address);
    }

    @Override
    public boolean isPod(InetAddress address) {
      return cluster.podAddresses().containsKey(address);
    }
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

  /** A namespace's names exist even if there is nothing in it. */
  private Part namespace(String name) {
    return new Part(
        List.of(), List.of(name + ".svc." + domain + ".", name + ".pod." + domain + "."));
  }

  public Part part(ServiceWithEndpoints service, Surroundings surroundings) {
    return new ServiceEntries(this, service, surroundings).part();
  }

  public Part part(PodView pod, Surroundings surroundings) {
    return PodEntries.part(this, pod, surroundings);
  }
}
