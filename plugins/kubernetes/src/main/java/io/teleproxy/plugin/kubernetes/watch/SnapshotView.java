package io.teleproxy.plugin.kubernetes.watch;

import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget;
import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget.None;
import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget.PodPort;
import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget.Reason;
import io.teleproxy.plugin.kubernetes.cluster.ClusterView;
import io.teleproxy.plugin.kubernetes.model.ClusterSnapshot;
import io.teleproxy.plugin.kubernetes.model.EndpointView;
import io.teleproxy.plugin.kubernetes.model.PodView;
import io.teleproxy.plugin.kubernetes.model.PortView;
import io.teleproxy.plugin.kubernetes.model.ServiceView;
import io.teleproxy.plugin.kubernetes.model.ServiceWithEndpoints.Backend;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Finds what stands behind a destination in a snapshot. Immutable but for the rotation. */
final class SnapshotView implements ClusterView {
  private static final AtomicInteger ROTATION = new AtomicInteger();

  private final ClusterSnapshot cluster;
  private final String namespace;
  private final String domain;

  /**
   * @param namespace to which relative names belong
   * @param domain the cluster's, without final dot
   */
  SnapshotView(ClusterSnapshot cluster, String namespace, String domain) {
    this.cluster = cluster;
    this.namespace = namespace;
    this.domain = domain;
  }

  @Override
  public ClusterTarget resolve(InetSocketAddress destination) {
    InetAddress address = destination.getAddress();
    if (address == null) {
      return byName(destination.getHostString(), destination.getPort());
    }
    ServiceView service = cluster.serviceAt(address);
    if (service != null) {
      return behind(service, destination.getPort());
    }
    PodView pod = cluster.isOwn(address) ? null : cluster.podAt(address);
    if (pod != null) {
      return new PodPort(pod.namespace(), pod.name(), destination.getPort());
    }
    return new None(
        Reason.UNKNOWN_DESTINATION,
        address.getHostAddress() + " is no address of a service or pod of the cluster");
  }

  private ClusterTarget behind(ServiceView service, int port) {
    for (PortView candidate : service.ports()) {
      if (candidate.port() == port && candidate.protocol().equals("TCP")) {
        return behind(service, candidate);
      }
    }
    // The ports of a headless service are its pods' own: none needs to be declared.
    return service.kind() == ServiceView.Kind.HEADLESS
        ? behind(service, new PortView("", "TCP", port))
        : new None(Reason.NO_SUCH_PORT, "service " + service.key() + " has no TCP port " + port);
  }

  private ClusterTarget behind(ServiceView service, PortView port) {
    if (service.isApiServer()) {
      return new ClusterTarget.ApiServer();
    }
    List<Backend> backends = cluster.withEndpoints(service).backends(port);
    if (backends.isEmpty()) {
      return new None(
          Reason.NO_READY_ENDPOINT,
          "service " + service.key() + " has no ready endpoint for port " + port.port());
    }
    Backend backend = backends.get(Math.floorMod(ROTATION.getAndIncrement(), backends.size()));
    EndpointView endpoint = backend.endpoint();
    // A service's address counts as the service's, so a headless one is asked on the port as typed.
    return endpoint.pod().isEmpty()
        ? new ClusterTarget.External(endpoint.address(), backend.port())
        : new PodPort(service.namespace(), endpoint.pod(), backend.port());
  }

  /** {@code web}, {@code web.shop}, {@code web.shop.svc}, or the whole name. */
  private ClusterTarget byName(String text, int port) {
    String name = text.toLowerCase(Locale.ROOT);
    name = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    if (name.endsWith("." + domain)) {
      name = name.substring(0, name.length() - domain.length() - 1);
    }
    String[] labels = name.split("\\.");
    ServiceView service = null;
    if (labels.length == 1) {
      service = service(namespace, labels[0]);
    } else if (labels.length == 2 || (labels.length == 3 && labels[2].equals("svc"))) {
      service = service(labels[1], labels[0]);
    }
    return service == null
        ? new None(Reason.UNKNOWN_DESTINATION, text + " is no service of the cluster")
        : behind(service, port);
  }

  private @Nullable ServiceView service(String inNamespace, String name) {
    return cluster.services().get(inNamespace + "/" + name);
  }
}
