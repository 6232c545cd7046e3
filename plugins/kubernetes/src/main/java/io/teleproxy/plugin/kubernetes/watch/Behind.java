package io.teleproxy.plugin.kubernetes.watch;

import io.teleproxy.plugin.kubernetes.model.ClusterSnapshot;
import io.teleproxy.plugin.kubernetes.model.EndpointView;
import io.teleproxy.plugin.kubernetes.model.EndpointsView;
import io.teleproxy.plugin.kubernetes.model.EndpointsView.Subset;
import io.teleproxy.plugin.kubernetes.model.PodView;
import io.teleproxy.plugin.kubernetes.model.PortView;
import io.teleproxy.plugin.kubernetes.model.ServiceView;
import io.teleproxy.spi.Finding;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What stands behind a name or an address in the cluster, for {@code explain}: the service with its
 * endpoints and whether they are ready, the pod, or what is missing of them.
 *
 * @param namespace to which relative names belong
 * @param domain the cluster's, without final dot
 */
record Behind(ClusterSnapshot cluster, String namespace, String domain) {
  private static final String SERVICE = "service";
  private static final String ENDPOINTS = "endpoints";
  private static final int SHOWN = 8;

  List<Finding> find(String host, Protocol protocol, int port) {
    try {
      return at(Prefix.parseAddress(host), protocol, port);
    } catch (IllegalArgumentException e) {
      return named(host.toLowerCase(Locale.ROOT), protocol, port);
    }
  }

  private List<Finding> at(InetAddress address, Protocol protocol, int port) {
    ServiceView service = cluster.serviceAt(address);
    if (service != null) {
      return of(service, protocol, port);
    }
    PodView pod = cluster.podAt(address);
    return pod == null ? List.of() : List.of(of(pod, protocol, port));
  }

  private List<Finding> named(String host, Protocol protocol, int port) {
    String name = host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
    boolean whole = name.endsWith("." + domain);
    String[] labels =
        (whole ? name.substring(0, name.length() - domain.length() - 1) : name).split("\\.");
    boolean ofServices = labels.length >= 3 && labels[labels.length - 1].equals("svc");
    if (labels.length > 2 && !ofServices) {
      return List.of();
    }
    int last = ofServices ? labels.length - 2 : labels.length - 1;
    String in = labels.length == 1 ? namespace : labels[last];
    String service = labels.length == 1 ? labels[0] : labels[last - 1];
    ServiceView found = cluster.services().get(in + "/" + service);
    if (found != null) {
      return of(found, protocol, port);
    }
    // Two labels may be any name of the world, as long as the second is no namespace.
    boolean known = cluster.namespaces().containsKey(in) || hasServices(in);
    if (!known && !whole && !ofServices) {
      return List.of();
    }
    return List.of(
        Finding.note(
            SERVICE,
            known
                ? "there is no service '" + service + "' in namespace '" + in + "'"
                : "there is no namespace '" + in + "', or it may not be read, or it is left out",
            known
                ? "'kubectl get services -n " + in + "' lists those that there are."
                : "Look with 'kubectl get namespaces', and at plugins.kubernetes.namespaces."));
  }

  private boolean hasServices(String in) {
    return cluster.services().keySet().stream().anyMatch(key -> key.startsWith(in + "/"));
  }

  private List<Finding> of(ServiceView service, Protocol protocol, int port) {
    List<Finding> findings = new ArrayList<>();
    String kind = service.kind().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    if (service.kind() == ServiceView.Kind.EXTERNAL_NAME) {
      return List.of(
          Finding.ok(SERVICE, service.key() + " stands for the name " + service.externalName()));
    }
    findings.add(
        Finding.ok(
            SERVICE,
            service.key()
                + " ("
                + kind
                + "), ports "
                + service.ports().stream().map(Behind::text).collect(Collectors.joining(", "))));
    if (!service.isApiServer() && (port == 0 || declares(service, protocol, port))) {
      findings.add(endpoints(service, protocol, port));
    }
    return findings;
  }

  /** The ports of a headless service are its pods' own: none needs to be declared. */
  private static boolean declares(ServiceView service, Protocol protocol, int port) {
    return service.kind() == ServiceView.Kind.HEADLESS
        || service.ports().stream().anyMatch(one -> is(one, protocol, port));
  }

  private static boolean is(PortView one, Protocol protocol, int port) {
    return one.port() == port && one.protocol().equalsIgnoreCase(protocol.lower());
  }

  private Finding endpoints(ServiceView service, Protocol protocol, int port) {
    List<String> ready = new ArrayList<>();
    List<String> unready = new ArrayList<>();
    for (EndpointsView slice : cluster.withEndpoints(service).slices()) {
      for (Subset subset : slice.subsets()) {
        String ports = serving(service, subset, protocol, port);
        if (ports.isEmpty()) {
          continue;
        }
        for (EndpointView endpoint : subset.endpoints()) {
          boolean counts = cluster.withEndpoints(service).counts(endpoint);
          (counts ? ready : unready).add(text(endpoint) + ports);
        }
      }
    }
    int all = ready.size() + unready.size();
    String found =
        ready.size()
            + " of "
            + all
            + " ready"
            + (ready.isEmpty() ? "" : ": " + shown(ready))
            + (unready.isEmpty() ? "" : "; not ready: " + shown(unready));
    if (!ready.isEmpty()) {
      return Finding.ok(ENDPOINTS, found);
    }
    String in = " -n " + service.namespace();
    return Finding.bad(
        ENDPOINTS,
        found,
        all == 0
            ? "No pod is behind it: compare the service's selector with the labels of the pods"
                + " ('kubectl describe service "
                + service.name()
                + in
                + "', 'kubectl get pods --show-labels"
                + in
                + "')."
            : "Its pods do not become ready: 'kubectl describe pod" + in + "' says why.");
  }

  /** The ports at which a subset serves what is asked for; empty if it does not. */
  private static String serving(ServiceView service, Subset subset, Protocol protocol, int port) {
    List<String> ports = new ArrayList<>();
    for (PortView candidate : subset.ports()) {
      boolean wanted =
          port == 0
              || service.ports().stream()
                  .anyMatch(one -> is(one, protocol, port) && candidate.joins(one));
      if (wanted) {
        ports.add(Integer.toString(candidate.port()));
      }
    }
    boolean headless = service.kind() == ServiceView.Kind.HEADLESS;
    return ports.isEmpty() ? headless ? " " : "" : " port " + String.join(", ", ports);
  }

  private static Finding of(PodView pod, Protocol protocol, int port) {
    List<Integer> declared = protocol == Protocol.TCP ? pod.tcpPorts() : pod.udpPorts();
    return Finding.ok(
        "pod",
        pod.key()
            + ", declares "
            + (declared.isEmpty() ? "no ports" : "ports " + declared)
            + " ("
            + protocol.lower()
            + ")"
            + (port == 0 || declared.isEmpty() || declared.contains(port)
                ? ""
                : "; " + port + " is none of them, and may be open all the same"));
  }

  private static String text(EndpointView endpoint) {
    String address = endpoint.address().getHostAddress();
    return endpoint.pod().isEmpty() ? address : endpoint.pod() + " " + address;
  }

  private static String text(PortView port) {
    return (port.name().isEmpty() ? "" : port.name() + " ")
        + port.port()
        + "/"
        + port.protocol().toLowerCase(Locale.ROOT);
  }

  private static String shown(List<String> texts) {
    return String.join(", ", texts.subList(0, Math.min(SHOWN, texts.size())))
        + (texts.size() > SHOWN ? ", and " + (texts.size() - SHOWN) + " more" : "");
  }
}
