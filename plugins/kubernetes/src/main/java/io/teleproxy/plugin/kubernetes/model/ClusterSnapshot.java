package io.teleproxy.plugin.kubernetes.model;

import io.teleproxy.spi.TrieMap;
import java.net.InetAddress;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A cluster at one moment. Shares with the moment before what has not changed.
 *
 * @param services by {@link ServiceView#key}
 * @param endpoints by the {@link ServiceView#key} of their service, in the order of their names
 * @param pods by {@link PodView#key}
 * @param namespaces by name, as far as they may be read
 * @param serviceAddresses keys of services by their own addresses
 * @param podAddresses keys of pods by their own addresses
 * @param own addresses that are not the cluster's to give: those of its nodes and of its API
 *     server; how often each was told
 */
public record ClusterSnapshot(
    TrieMap<String, ServiceView> services,
    TrieMap<String, List<EndpointsView>> endpoints,
    TrieMap<String, PodView> pods,
    TrieMap<String, NamespaceView> namespaces,
    TrieMap<InetAddress, List<String>> serviceAddresses,
    TrieMap<InetAddress, List<String>> podAddresses,
    TrieMap<InetAddress, Integer> own) {

  /** A cluster of these objects. */
  public static ClusterSnapshot of(
      Collection<ServiceView> services,
      Collection<EndpointsView> endpoints,
      Collection<PodView> pods,
      Collection<NodeView> nodes,
      Collection<NamespaceView> namespaces) {
    LiveCluster cluster = new LiveCluster();
    services.forEach(service -> cluster.service(null, service));
    endpoints.forEach(each -> cluster.endpoints(null, each));
    pods.forEach(pod -> cluster.pod(null, pod));
    nodes.forEach(node -> cluster.node(null, node));
    namespaces.forEach(namespace -> cluster.namespace(null, namespace));
    return cluster.snapshot();
  }

  /** The service together with what is behind it. */
  public ServiceWithEndpoints withEndpoints(ServiceView service) {
    return new ServiceWithEndpoints(service, endpoints.getOrDefault(service.key(), List.of()));
  }

  /** The service that has this address; null if none has. */
  public @Nullable ServiceView serviceAt(InetAddress address) {
    List<String> keys = serviceAddresses.get(address);
    return keys == null ? null : services.get(keys.get(0));
  }

  /** The pod that has this address; null if none has. */
  public @Nullable PodView podAt(InetAddress address) {
    List<String> keys = podAddresses.get(address);
    return keys == null ? null : pods.get(keys.get(0));
  }

  /** Whether the address is a node's or the API server's. */
  public boolean isOwn(InetAddress address) {
    return own.containsKey(address);
  }
}
