package io.teleproxy.plugin.kubernetes.watch;

import io.teleproxy.plugin.kubernetes.model.EndpointsView;
import io.teleproxy.plugin.kubernetes.model.Fields;
import io.teleproxy.plugin.kubernetes.model.Json;
import io.teleproxy.plugin.kubernetes.model.NamespaceView;
import io.teleproxy.plugin.kubernetes.model.NodeView;
import io.teleproxy.plugin.kubernetes.model.PodView;
import io.teleproxy.plugin.kubernetes.model.ServiceView;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * A kind of objects in one API version.
 *
 * @param group the API group; empty for the core group
 * @param plural as in URLs and roles
 * @param namespaced whether there can be rights for one namespace only
 * @param fields which fields are read
 * @param view what is kept of an object
 */
record Resource<T>(
    String group,
    String version,
    String plural,
    boolean namespaced,
    Fields fields,
    Function<Json, T> view) {

  static final Resource<ServiceView> SERVICES =
      new Resource<>("", "v1", "services", true, ServiceView.FIELDS, ServiceView::of);

  static final Resource<PodView> PODS =
      new Resource<>("", "v1", "pods", true, PodView.FIELDS, PodView::of);

  static final Resource<NodeView> NODES =
      new Resource<>("", "v1", "nodes", false, NodeView.FIELDS, NodeView::of);

  static final Resource<NamespaceView> NAMESPACES =
      new Resource<>("", "v1", "namespaces", false, NamespaceView.FIELDS, NamespaceView::of);

  /** What says which addresses are behind a service: the newest form that the cluster has. */
  static final List<Resource<EndpointsView>> ENDPOINTS =
      List.of(
          slices("v1"),
          slices("v1beta1"),
          new Resource<>(
              "",
              "v1",
              "endpoints",
              true,
              EndpointsView.ENDPOINTS_FIELDS,
              EndpointsView::ofEndpoints));

  /** The path of the collection, in all namespaces or in one. */
  String path(Optional<String> namespace) {
    StringBuilder path = new StringBuilder(64);
    path.append(group.isEmpty() ? "/api/" : "/apis/" + group + "/").append(version);
    namespace.ifPresent(name -> path.append("/namespaces/").append(name));
    return path.append('/').append(plural).toString();
  }

  /** What identifies an object of the kind; before the slash is the namespace it belongs to. */
  String key(Json object) {
    Json metadata = object.object("metadata");
    if (plural.equals("namespaces")) {
      return metadata.text("name") + "/";
    }
    return metadata.text("namespace") + "/" + metadata.text("name");
  }

  private static Resource<EndpointsView> slices(String version) {
    return new Resource<>(
        "discovery.k8s.io",
        version,
        "endpointslices",
        true,
        EndpointsView.SLICE_FIELDS,
        EndpointsView::ofSlice);
  }
}
