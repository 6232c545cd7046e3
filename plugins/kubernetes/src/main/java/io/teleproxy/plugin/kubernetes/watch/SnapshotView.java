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
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Finds what stands behind a destination in a snapshot. Immutable but for the rotation. */
final class SnapshotView implements ClusterView {
  private static final AtomicInteger ROTATION = new AtomicInteger();
  private static final int OURSELVES = ThreadLocalRandom.current().nextInt();

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

  @Override
  public InetSocketAddress endpoint(InetSocketAddress destination) {
    InetAddress address = destination.getAddress();
    ServiceView service =
        address == null ? named(destination.getHostString()) : cluster.serviceAt(address);
    if (service == null || service.isApiServer()) {
      return destination;
    }
    PortView port = port(service, destination.getPort());
    Backend backend = port == null ? null : backend(service, port);
    return backend == null
        ? destination
        : new InetSocketAddress(backend.endpoint().address(), backend.port());
  }

  private ClusterTarget behind(ServiceView service, int port) {
    PortView known = port(service, port);
    return known == null
        ? new None(Reason.NO_SUCH_PORT, "service " + service.key() + " has no TCP port " + port)
        : behind(service, known);
  }

  private static @Nullable PortView port(ServiceView service, int port) {
    for (PortView candidate : service.ports()) {
      if (candidate.port() == port && candidate.protocol().equals("TCP")) {
        return candidate;
      }
    }
    // The ports of a headless service are its pods' own: none needs to be declared.
    return service.kind() == ServiceView.Kind.HEADLESS ? new PortView("", "TCP", port) : null;
  }

  private ClusterTarget behind(ServiceView service, PortView port) {
    if (service.isApiServer()) {
      return new ClusterTarget.ApiServer();
    }
    Backend backend = backend(service, port);
    if (backend == null) {
      return new None(
          Reason.NO_READY_ENDPOINT,
          "service " + service.key() + " has no ready endpoint for port " + port.port());
    }
    EndpointView endpoint = backend.endpoint();
    // A service's address counts as the service's, so a headless one is asked on the port as typed.
    return endpoint.pod().isEmpty()
        ? new ClusterTarget.External(endpoint.address(), backend.port())
        : new PodPort(service.namespace(), endpoint.pod(), backend.port());
  }

  /** Null if none is ready. */
  private @Nullable Backend backend(ServiceView service, PortView port) {
    List<Backend> backends = cluster.withEndpoints(service).backends(port);
    if (backends.isEmpty()) {
      return null;
    }
    return service.sticky()
        ? Collections.max(backends, Comparator.comparingInt(SnapshotView::preference))
        : backends.get(Math.floorMod(ROTATION.getAndIncrement(), backends.size()));
  }

  /** The same for a while, whichever other endpoints come and go; another on another laptop. */
  private static int preference(Backend backend) {
    return ((backend.endpoint().address().hashCode() ^ OURSELVES) * 0x9e3779b1) >>> 1;
  }

  private ClusterTarget byName(String text, int port) {
    ServiceView service = named(text);
    return service == null
        ? new None(Reason.UNKNOWN_DESTINATION, text + " is no service of the cluster")
        : behind(service, port);
  }

  /** {@code web}, {@code web.shop}, {@code web.shop.svc}, or the whole name. */
  private @Nullable ServiceView named(String text) {
    String name = text.toLowerCase(Locale.ROOT);
    name = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    if (name.endsWith("." + domain)) {
      name = name.substring(0, name.length() - domain.length() - 1);
    }
    String[] labels = name.split("\\.");
    if (labels.length == 1) {
      return service(namespace, labels[0]);
    }
    boolean qualified = labels.length == 2 || (labels.length == 3 && labels[2].equals("svc"));
    return qualified ? service(labels[1], labels[0]) : null;
  }

  private @Nullable ServiceView service(String inNamespace, String name) {
    return cluster.services().get(inNamespace + "/" + name);
  }
}
