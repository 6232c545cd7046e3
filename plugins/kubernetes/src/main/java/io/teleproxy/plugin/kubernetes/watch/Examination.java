package io.teleproxy.plugin.kubernetes.watch;

import io.teleproxy.plugin.kubernetes.api.ApiClient;
import io.teleproxy.plugin.kubernetes.api.ApiException;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.plugin.kubernetes.model.Fields;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Finding;
import io.teleproxy.spi.UserException;
import java.util.ArrayList;
import java.util.List;

/**
 * Looks at the kubeconfig, the API server, and every permission that a run needs
 * (SelfSubjectAccessReview), for {@code teleproxy doctor}. Blocks.
 */
public final class Examination {
  private static final Fields VERSION = Fields.of("message", "gitVersion");
  private static final Fields ALLOWED = Fields.of("message", "status.allowed");

  /**
   * A permission.
   *
   * @param required whether there is nothing to be had without it
   */
  private record Right(
      String group, String resource, String subresource, List<String> verbs, boolean required) {
    String name() {
      return subresource.isEmpty() ? resource : resource + "/" + subresource;
    }
  }

  private static final List<Right> NEEDED =
      List.of(
          new Right("", "services", "", List.of("list", "watch"), true),
          new Right("discovery.k8s.io", "endpointslices", "", List.of("list", "watch"), true),
          new Right("", "pods", "", List.of("list", "watch"), true),
          new Right("", "pods", "portforward", List.of("create"), true),
          new Right("", "pods", "proxy", List.of("get"), false),
          new Right("batch", "jobs", "", List.of("get", "create", "patch", "delete"), false),
          new Right("", "configmaps", "", List.of("create"), false));

  private final ClusterSession cluster;
  private final List<Finding> findings = new ArrayList<>();

  private Examination(ClusterSession cluster) {
    this.cluster = cluster;
  }

  public static List<Finding> of(Environment environment) {
    try (ClusterSession cluster = ClusterSession.acquire(environment)) {
      Examination examination = new Examination(cluster);
      examination.look();
      return examination.findings;
    } catch (UserException e) {
      return List.of(Finding.bad("kubeconfig", String.valueOf(e.getMessage()), e.remedy()));
    }
  }

  private void look() {
    findings.add(
        Finding.ok(
            "kubeconfig",
            "context "
                + cluster.context()
                + ", namespace "
                + cluster.namespace()
                + ", server "
                + cluster.server()));
    try (ApiClient api = ApiClient.open(cluster)) {
      ApiClient.Reply version = api.exchange("GET", "/version", "", VERSION);
      if (!version.ok()) {
        findings.add(
            Finding.bad(
                "API server",
                version.message(),
                version.status() == 401
                    ? "Log in again, as for kubectl."
                    : "Look whether 'kubectl version' works here."));
        return;
      }
      findings.add(Finding.ok("API server", "Kubernetes " + version.object().text("gitVersion")));
      for (Right right : NEEDED) {
        permission(api, right);
      }
    } catch (ApiException e) {
      findings.add(
          Finding.bad(
              "API server",
              String.valueOf(e.getMessage()),
              "Check that this machine reaches it: VPN, proxy, kubectl version."));
    } catch (UserException e) {
      findings.add(Finding.bad("credentials", String.valueOf(e.getMessage()), e.remedy()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void permission(ApiClient api, Right right) throws ApiException, InterruptedException {
    List<String> missing = new ArrayList<>();
    for (String verb : right.verbs()) {
      String body =
          String.format(
              "{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SelfSubjectAccessReview\","
                  + "\"spec\":{\"resourceAttributes\":{\"namespace\":\"%s\",\"verb\":\"%s\","
                  + "\"group\":\"%s\",\"resource\":\"%s\",\"subresource\":\"%s\"}}}",
              cluster.namespace(), verb, right.group(), right.resource(), right.subresource());
      ApiClient.Reply reply =
          api.exchange(
              "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body, ALLOWED);
      if (!reply.ok()) {
        findings.add(Finding.note("permission " + right.name(), reply.message(), ""));
        return;
      }
      if (!reply.object().object("status").flag("allowed", false)) {
        missing.add(verb);
      }
    }
    String check = "permission " + right.name();
    if (missing.isEmpty()) {
      findings.add(Finding.ok(check, String.join(", ", right.verbs())));
      return;
    }
    String found =
        "missing in namespace " + cluster.namespace() + ": " + String.join(", ", missing);
    String remedy =
        "Have a Role grant: apiGroups [\""
            + right.group()
            + "\"], resources ["
            + right.name()
            + "], verbs ["
            + String.join(", ", missing)
            + "]";
    findings.add(
        right.required()
            ? Finding.bad(check, found, remedy + ".")
            : Finding.note(check, found, remedy + "; without it there is no agent, so no UDP."));
  }
}
