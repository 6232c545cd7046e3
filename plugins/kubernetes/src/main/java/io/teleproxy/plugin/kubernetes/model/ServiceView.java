package io.teleproxy.plugin.kubernetes.model;

import java.net.InetAddress;
import java.util.List;

/**
 * A Service, of which NodePort and LoadBalancer count as ClusterIP: inside the cluster they are.
 *
 * @param clusterIps one, or two of a dual-stack service; empty for the other kinds
 * @param externalName where an ExternalName service points to, without final dot
 * @param publishNotReady whether endpoints count before they are ready
 * @param sticky whether a client stays with an endpoint (session affinity ClientIP)
 */
public record ServiceView(
    String namespace,
    String name,
    Kind kind,
    List<InetAddress> clusterIps,
    String externalName,
    boolean publishNotReady,
    boolean sticky,
    List<PortView> ports) {

  /** How a service is reached. */
  public enum Kind {
    CLUSTER_IP,
    HEADLESS,
    EXTERNAL_NAME
  }

  public static final Fields FIELDS =
      Fields.of(
          "metadata.namespace",
          "metadata.name",
          "spec.type",
          "spec.clusterIP",
          "spec.clusterIPs",
          "spec.externalName",
          "spec.publishNotReadyAddresses",
          "spec.sessionAffinity",
          "spec.ports.name",
          "spec.ports.protocol",
          "spec.ports.port");

  public static ServiceView of(Json service) {
    Json metadata = service.object("metadata");
    Json spec = service.object("spec");
    List<String> ips = spec.texts("clusterIPs");
    List<InetAddress> clusterIps =
        Addresses.parse(ips.isEmpty() ? List.of(spec.text("clusterIP")) : ips);
    String externalName = spec.text("externalName");
    boolean external = spec.text("type").equals("ExternalName");
    return new ServiceView(
        metadata.text("namespace").intern(),
        metadata.text("name"),
        external ? Kind.EXTERNAL_NAME : clusterIps.isEmpty() ? Kind.HEADLESS : Kind.CLUSTER_IP,
        external ? List.of() : clusterIps,
        externalName.endsWith(".")
            ? externalName.substring(0, externalName.length() - 1)
            : externalName,
        spec.flag("publishNotReadyAddresses", false),
        spec.text("sessionAffinity").equals("ClientIP"),
        PortView.of(spec.objects("ports")));
  }

  /** {@code namespace/name}. */
  public String key() {
    return namespace + "/" + name;
  }

  /** The service behind whose endpoints is the API server itself. */
  public boolean isApiServer() {
    return name.equals("kubernetes") && namespace.equals("default");
  }
}
