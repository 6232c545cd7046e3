package io.teleproxy.plugin.kubernetes.watch;

import io.teleproxy.plugin.kubernetes.api.ApiException;
import io.teleproxy.plugin.kubernetes.api.Failures;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.spi.UserException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** What the user is told when the cluster cannot be read, and what to do about it. */
final class Messages {
  static final String LOG_IN =
      "Log in again, as you do for kubectl; `kubectl get namespaces` must work.";

  private static final String LOOK =
      "Check network, VPN and the server's URL with `kubectl cluster-info`, or choose another"
          + " cluster with --context or --kubeconfig.";

  private static final String ALLOW =
      "This machine forbids the connection: look at its firewall (`nft list ruleset`), at routes"
          + " of type prohibit (`ip route`), and at what a security module has denied (`journalctl"
          + " -k --grep denied`).";

  private Messages() {}

  /** There is no way to begin. */
  static UserException cannotStart(ClusterSession cluster, ApiException reason) {
    String server = "API server " + cluster.server();
    String context = "context '" + cluster.context() + "'";
    return switch (reason.kind()) {
      case UNREACHABLE ->
          new UserException(
              server + " (" + context + ") cannot be reached: " + reason.text(),
              reason.text().matches("Permission denied|Operation not permitted") ? ALLOW : LOOK,
              reason);
      case TLS ->
          new UserException(
              server + " (" + context + "): " + tls(reason), tlsRemedy(reason), reason);
      case UNAUTHORIZED ->
          new UserException(
              server + " does not accept the credentials of " + context + ": " + reason.text(),
              LOG_IN,
              reason);
      default ->
          new UserException(
              server
                  + " ("
                  + context
                  + ") does not answer as a Kubernetes API server: "
                  + reason.text(),
              otherRemedy(reason.text()),
              reason);
    };
  }

  /** Why the cluster cannot be read any more. */
  static String broken(ApiException reason) {
    if (!Failures.isImpostor(reason.text())) {
      return reason.text();
    }
    return (reason.kind() == ApiException.Kind.TLS ? tls(reason) : reason.text())
        + "; somebody else answers in its place, likely a captive portal";
  }

  /** What to do while a run waits for the cluster to be readable again. */
  static String meanwhile(ApiException reason) {
    if (Failures.isImpostor(reason.text())) {
      return Failures.PORTAL;
    }
    return switch (reason.kind()) {
      case UNAUTHORIZED -> LOG_IN;
      case TLS -> tlsRemedy(reason);
      default -> "It is tried again by itself; check with `kubectl cluster-info` if it lasts.";
    };
  }

  private static String otherRemedy(String text) {
    if (text.startsWith("HTTP 3")) {
      return "A captive portal, a login page or another server answers in its place: log in to this"
          + " network in a browser, or correct the server's URL, and start again.";
    }
    if (text.startsWith("HTTP 429") || text.startsWith("HTTP 5")) {
      return "It is starting, overloaded or ill: wait a little, or ask who runs it; `kubectl"
          + " cluster-info` must work.";
    }
    return "Check the server's URL and its state with `kubectl cluster-info`: another server may be"
        + " answering at its place.";
  }

  /** There is nothing in the cluster that may be read. */
  static UserException forbidden(ClusterSession cluster, ApiException reason) {
    return new UserException(
        "API server "
            + cluster.server()
            + " does not let the user of context '"
            + cluster.context()
            + "' read services and their endpoints, neither in all namespaces"
            + " nor in '"
            + cluster.namespace()
            + "': "
            + reason.text(),
        "Have an administrator apply this and bind it to the user (RoleBinding or"
            + " ClusterRoleBinding), or choose another --namespace:\n"
            + role(cluster.namespace()),
        reason);
  }

  /** The least rights for one namespace, and what to do to have all of them. */
  static String role(String namespace) {
    return """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role            # or ClusterRole, without namespace, for all namespaces
        metadata: {name: teleproxy, namespace: %s}
        rules:
        - apiGroups: [""]
          resources: [services, endpoints, pods]
          verbs: [list, watch]
        - apiGroups: [discovery.k8s.io]
          resources: [endpointslices]
          verbs: [list, watch]
        - apiGroups: [""]
          resources: [pods/portforward]
          verbs: [create, get]
        """
        .formatted(namespace);
  }

  /** The cluster is followed, but not all of it: which rights are missing. */
  static String limited(
      ClusterSession cluster, List<WatchState> narrowed, List<WatchState> closed) {
    StringBuilder text = new StringBuilder();
    if (!narrowed.isEmpty()) {
      text.append("only namespace '")
          .append(cluster.namespace())
          .append("' is followed: no right to list and watch ");
      names(text, narrowed).append(" in all namespaces");
    }
    if (!closed.isEmpty()) {
      text.append(text.isEmpty() ? "" : "; ").append("no right to list and watch ");
      names(text, closed).append(" at all");
    }
    return text.toString();
  }

  private static StringBuilder names(StringBuilder text, List<WatchState> states) {
    for (int i = 0; i < states.size(); i++) {
      text.append(i == 0 ? "" : ", ").append(states.get(i).plural);
    }
    return text;
  }

  private static String tls(ApiException reason) {
    String text = reason.text();
    if (text.contains("unable to find valid certification path") || text.contains("PKIX")) {
      return "its certificate is not signed by the kubeconfig's certificate-authority";
    }
    if (text.contains("No subject alternative") || text.contains("No name matching")) {
      return "its certificate is for another name: " + text;
    }
    if (isTime(text)) {
      return "by this machine's clock ("
          + Instant.now().truncatedTo(ChronoUnit.SECONDS)
          + ") its certificate "
          + text.replace("NotAfter:", "was valid until")
              .replace("NotBefore:", "is not valid before");
    }
    if (text.contains("not an SSL/TLS record")) {
      return "what listens there does not speak TLS";
    }
    return "TLS failed: " + text;
  }

  private static boolean isTime(String text) {
    return text.contains("NotAfter") || text.contains("NotBefore");
  }

  private static String tlsRemedy(ApiException reason) {
    String text = reason.text();
    if (isTime(text)) {
      return "If the clock is wrong, set it ('timedatectl set-ntp true'; 'teleproxy doctor' compares"
          + " it); else whoever runs the cluster must renew the certificate.";
    }
    return text.contains("No subject alternative") || text.contains("No name matching")
        ? "Use a name that the certificate has as server in the kubeconfig, or set tls-server-name"
            + " there."
        : "Get a fresh kubeconfig for the cluster; something between you and it (a proxy, another"
            + " machine at that address) may also be answering in its place.";
  }
}
