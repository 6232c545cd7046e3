package io.teleproxy.plugin.kubernetes.model;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * A Pod.
 *
 * @param ips its own addresses; none while it has none or has ended, and none if it lives in its
 *     node's network, because then they are the node's
 * @param hostNetwork whether it runs in its node's network, and is there by the node's addresses
 * @param nodeIps the addresses of the node it runs on, as far as the pod tells
 * @param tcpPorts the TCP ports that its containers declare
 * @param udpPorts the UDP ports that they declare
 */
public record PodView(
    String namespace,
    String name,
    List<InetAddress> ips,
    boolean hostNetwork,
    List<InetAddress> nodeIps,
    List<Integer> tcpPorts,
    List<Integer> udpPorts) {

  public static final Fields FIELDS =
      Fields.of(
          "metadata.namespace",
          "metadata.name",
          "spec.hostNetwork",
          "spec.containers.ports.containerPort",
          "spec.containers.ports.protocol",
          "status.phase",
          "status.podIP",
          "status.podIPs.ip",
          "status.hostIP",
          "status.hostIPs.ip");

  public static PodView of(Json pod) {
    Json metadata = pod.object("metadata");
    Json status = pod.object("status");
    String phase = status.text("phase");
    // The address of a pod that has ended may already be another pod's.
    boolean ended = phase.equals("Succeeded") || phase.equals("Failed");
    boolean hostNetwork = pod.object("spec").flag("hostNetwork", false);
    return new PodView(
        metadata.text("namespace").intern(),
        metadata.text("name"),
        ended || hostNetwork ? List.of() : addresses(status, "podIP"),
        hostNetwork && !ended && !status.text("podIP").isEmpty(),
        addresses(status, "hostIP"),
        ports(pod.object("spec"), "TCP"),
        ports(pod.object("spec"), "UDP"));
  }

  /** {@code namespace/name}. */
  public String key() {
    return namespace + "/" + name;
  }

  private static List<Integer> ports(Json spec, String protocol) {
    List<Integer> ports = new ArrayList<>();
    for (Json container : spec.objects("containers")) {
      for (Json port : container.objects("ports")) {
        if (port.text("protocol").equals(protocol)) {
          ports.add(port.number("containerPort"));
        }
      }
    }
    return List.copyOf(ports);
  }

  private static List<InetAddress> addresses(Json status, String field) {
    List<String> texts = new ArrayList<>(2);
    for (Json element : status.objects(field + "s")) {
      texts.add(element.text("ip"));
    }
    return Addresses.parse(texts.isEmpty() ? List.of(status.text(field)) : texts);
  }
}
