package io.teleproxy.plugin.kubernetes.table;

import io.teleproxy.plugin.kubernetes.model.ClusterSnapshot;
import io.teleproxy.plugin.kubernetes.model.EndpointsView;
import io.teleproxy.plugin.kubernetes.model.Json;
import io.teleproxy.plugin.kubernetes.model.NamespaceView;
import io.teleproxy.plugin.kubernetes.model.NodeView;
import io.teleproxy.plugin.kubernetes.model.PodView;
import io.teleproxy.plugin.kubernetes.model.ServiceView;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** Makes a cluster out of the YAML that kubectl shows. */
public final class Objects {
  private Objects() {}

  @SuppressWarnings("unchecked")
  public static ClusterSnapshot cluster(String yaml) {
    List<ServiceView> services = new ArrayList<>();
    List<EndpointsView> endpoints = new ArrayList<>();
    List<PodView> pods = new ArrayList<>();
    List<NodeView> nodes = new ArrayList<>();
    List<NamespaceView> namespaces = new ArrayList<>();
    for (Object document : new Load(LoadSettings.builder().build()).loadAllFromString(yaml)) {
      Json json = new Json((Map<String, ?>) document);
      switch (json.text("kind")) {
        case "Service" -> services.add(ServiceView.of(json));
        case "EndpointSlice" -> endpoints.add(EndpointsView.ofSlice(json));
        case "Endpoints" -> endpoints.add(EndpointsView.ofEndpoints(json));
        case "Pod" -> pods.add(PodView.of(json));
        case "Node" -> nodes.add(NodeView.of(json));
        case "Namespace" -> namespaces.add(NamespaceView.of(json));
        default -> throw new IllegalArgumentException("kind: " + json.text("kind"));
      }
    }
    return ClusterSnapshot.of(services, endpoints, pods, nodes, namespaces);
  }
}
