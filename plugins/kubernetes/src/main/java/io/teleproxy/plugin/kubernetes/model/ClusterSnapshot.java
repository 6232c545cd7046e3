package io.teleproxy.plugin.kubernetes.model;

import io.teleproxy.plugin.kubernetes.model.EndpointsView.Subset;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A cluster at one moment.
 *
 * @param services by {@link ServiceView#key}
 * @param endpoints by the {@link ServiceView#key} of their service
 * @param pods by {@link PodView#key}
 * @param own addresses that are not the cluster's to give: those of its nodes and of its API server
 */
public record ClusterSnapshot(
    Map<String, ServiceView> services,
    Map<String, List<EndpointsView>> endpoints,
    Map<String, PodView> pods,
    Set<InetAddress> own) {

  /** Takes copies: the collections may change afterwards, their elements do not. */
  public static ClusterSnapshot of(
      Collection<ServiceView> services,
      Collection<EndpointsView> endpoints,
      Collection<PodView> pods,
      Collection<NodeView> nodes) {
    Map<String, ServiceView> byKey = new HashMap<>(services.size() * 2);
    for (ServiceView service : services) {
      byKey.put(service.key(), service);
    }
    Map<String, List<EndpointsView>> byService = new HashMap<>(services.size() * 2);
    for (EndpointsView each : endpoints) {
      if (!each.service().isEmpty()) {
        byService.computeIfAbsent(each.serviceKey(), key -> new ArrayList<>(2)).add(each);
      }
    }
    byService.values().forEach(slices -> slices.sort(Comparator.comparing(EndpointsView::name)));
    Set<InetAddress> own = new HashSet<>();
    for (NodeView node : nodes) {
      own.addAll(node.addresses());
    }
    Map<String, PodView> podsByKey = new HashMap<>(pods.size() * 2);
    for (PodView pod : pods) {
      podsByKey.put(pod.key(), pod);
      own.addAll(pod.nodeIps());
    }
    for (EndpointsView each : byService.getOrDefault("default/kubernetes", List.of())) {
      for (Subset subset : each.subsets()) {
        for (EndpointView endpoint : subset.endpoints()) {
          own.add(endpoint.address());
        }
      }
    }
    return new ClusterSnapshot(byKey, byService, podsByKey, own);
  }

  /** The service together with what is behind it. */
  public ServiceWithEndpoints withEndpoints(ServiceView service) {
    return new ServiceWithEndpoints(service, endpoints.getOrDefault(service.key(), List.of()));
  }
}
