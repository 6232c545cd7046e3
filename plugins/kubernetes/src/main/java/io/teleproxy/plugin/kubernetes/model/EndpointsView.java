package io.teleproxy.plugin.kubernetes.model;

import java.util.ArrayList;
import java.util.List;

/**
 * An EndpointSlice, or an Endpoints object of a cluster that has no slices.
 *
 * @param service name of the service it belongs to; empty for none
 */
public record EndpointsView(String namespace, String name, String service, List<Subset> subsets) {

  /** Endpoints that listen on the same ports. */
  public record Subset(List<PortView> ports, List<EndpointView> endpoints) {}

  public static final Fields SLICE_FIELDS =
      Fields.of(
          "metadata.namespace",
          "metadata.name",
          "metadata.labels.kubernetes..io/service-name",
          "ports.name",
          "ports.protocol",
          "ports.port",
          "endpoints.addresses",
          "endpoints.hostname",
          "endpoints.conditions.ready",
          "endpoints.targetRef.kind",
          "endpoints.targetRef.name");

  public static final Fields ENDPOINTS_FIELDS =
      Fields.of(
          "metadata.namespace",
          "metadata.name",
          "subsets.ports.name",
          "subsets.ports.protocol",
          "subsets.ports.port",
          "subsets.addresses.ip",
          "subsets.addresses.hostname",
          "subsets.addresses.targetRef.kind",
          "subsets.addresses.targetRef.name",
          "subsets.notReadyAddresses.ip",
          "subsets.notReadyAddresses.hostname",
          "subsets.notReadyAddresses.targetRef.kind",
          "subsets.notReadyAddresses.targetRef.name");

  /** From discovery.k8s.io v1 or v1beta1, which are alike in what counts here. */
  public static EndpointsView ofSlice(Json slice) {
    Json metadata = slice.object("metadata");
    List<EndpointView> endpoints = new ArrayList<>();
    for (Json endpoint : slice.objects("endpoints")) {
      List<String> addresses = endpoint.texts("addresses");
      if (!addresses.isEmpty()) {
        // An absent condition counts as ready. Of several addresses the first counts: they are
        // interchangeable (KEP-4974).
        boolean ready = endpoint.object("conditions").flag("ready", true);
        add(endpoints, addresses.get(0), ready, endpoint);
      }
    }
    return new EndpointsView(
        metadata.text("namespace").intern(),
        metadata.text("name"),
        metadata.object("labels").text("kubernetes.io/service-name"),
        List.of(new Subset(PortView.of(slice.objects("ports")), List.copyOf(endpoints))));
  }

  public static EndpointsView ofEndpoints(Json object) {
    Json metadata = object.object("metadata");
    List<Subset> subsets = new ArrayList<>();
    for (Json subset : object.objects("subsets")) {
      List<EndpointView> endpoints = new ArrayList<>();
      for (Json address : subset.objects("addresses")) {
        add(endpoints, address.text("ip"), true, address);
      }
      for (Json address : subset.objects("notReadyAddresses")) {
        add(endpoints, address.text("ip"), false, address);
      }
      subsets.add(new Subset(PortView.of(subset.objects("ports")), List.copyOf(endpoints)));
    }
    String name = metadata.text("name");
    return new EndpointsView(metadata.text("namespace").intern(), name, name, List.copyOf(subsets));
  }

  /** {@code namespace/name} of the service it belongs to. */
  public String serviceKey() {
    return namespace + "/" + service;
  }

  private static void add(
      List<EndpointView> endpoints, String address, boolean ready, Json endpoint) {
    Json target = endpoint.object("targetRef");
    String pod = target.text("kind").equals("Pod") ? target.text("name") : "";
    Addresses.parse(address)
        .ifPresent(
            ip -> endpoints.add(new EndpointView(ip, ready, endpoint.text("hostname"), pod)));
  }
}
