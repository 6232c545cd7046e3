package io.teleproxy.plugin.kubernetes.watch;

import io.teleproxy.plugin.kubernetes.api.ApiClient;
import io.teleproxy.plugin.kubernetes.api.ApiException;
import io.teleproxy.plugin.kubernetes.cluster.RoleManifest;
import io.teleproxy.plugin.kubernetes.cluster.RoleManifest.Right;
import io.teleproxy.plugin.kubernetes.model.Fields;
import io.teleproxy.spi.Finding;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Asks for every permission that a run needs (SelfSubjectAccessReview), and tells what is missing
 * as one Role to apply.
 */
final class Permissions {
  private static final Fields ALLOWED = Fields.of("message", "status.allowed");
  private static final Fields MESSAGE = Fields.of("message");
  private static final Pattern USER = Pattern.compile("User \"([^\"]+)\" cannot");

  /** Without these there is nothing to be had. */
  private static final List<Right> REQUIRED =
      List.of(
          new Right("", "services", List.of("list", "watch")),
          new Right("discovery.k8s.io", "endpointslices", List.of("list", "watch")),
          new Right("", "pods", List.of("list", "watch")),
          new Right("", "pods/portforward", List.of("create", "get")));

  /** Without these there is no agent. */
  private static final List<Right> WANTED =
      List.of(
          new Right("", "pods/proxy", List.of("get")),
          new Right("batch", "jobs", List.of("get", "create", "patch", "delete")),
          new Right("", "configmaps", List.of("create")));

  private final ApiClient api;
  private final String namespace;
  private final List<Finding> findings = new ArrayList<>();
  private final List<Right> missing = new ArrayList<>();

  private Permissions(ApiClient api, String namespace) {
    this.api = api;
    this.namespace = namespace;
  }

  static List<Finding> look(ApiClient api, String namespace)
      throws ApiException, InterruptedException {
    Permissions permissions = new Permissions(api, namespace);
    boolean bad = false;
    for (Right right : REQUIRED) {
      bad |= !permissions.ask(right, true);
    }
    for (Right right : WANTED) {
      permissions.ask(right, false);
    }
    permissions.tellRole(bad);
    return permissions.findings;
  }

  /** False if something is missing. */
  private boolean ask(Right right, boolean required) throws ApiException, InterruptedException {
    String check = "permission " + right.resource();
    List<String> lacking = new ArrayList<>();
    for (String verb : right.verbs()) {
      ApiClient.Reply reply =
          api.exchange(
              "POST",
              "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
              review(right, verb),
              ALLOWED);
      if (!reply.ok()) {
        findings.add(Finding.note(check, reply.message(), "Ask who runs the cluster."));
        return true;
      }
      if (!reply.object().object("status").flag("allowed", false)) {
        lacking.add(verb);
      }
    }
    if (lacking.isEmpty()) {
      findings.add(Finding.ok(check, String.join(", ", right.verbs())));
      return true;
    }
    missing.add(new Right(right.group(), right.resource(), lacking));
    String found = "missing in namespace " + namespace + ": " + String.join(", ", lacking);
    findings.add(
        required
            ? Finding.bad(check, found, "The Role below grants it.")
            : Finding.note(
                check,
                found + "; without it there is no agent, or a slower way to it",
                "The Role below grants it."));
    return false;
  }

  private String review(Right right, String verb) {
    String[] resource = right.resource().split("/");
    return String.format(
        "{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SelfSubjectAccessReview\","
            + "\"spec\":{\"resourceAttributes\":{\"namespace\":\"%s\",\"verb\":\"%s\","
            + "\"group\":\"%s\",\"resource\":\"%s\",\"subresource\":\"%s\"}}}",
        namespace, verb, right.group(), resource[0], resource.length > 1 ? resource[1] : "");
  }

  private void tellRole(boolean bad) throws ApiException, InterruptedException {
    if (missing.isEmpty()) {
      return;
    }
    String user = user();
    String found =
        "what is missing, as a manifest"
            + (user.equals("NAME") ? " (put the user's name in place of NAME)" : "");
    String manifest = RoleManifest.of("teleproxy", namespace, user, missing);
    String remedy = "Have an administrator apply this:\n" + manifest;
    findings.add(bad ? Finding.bad("Role", found, remedy) : Finding.note("Role", found, remedy));
  }

  /** As the API server calls him when it refuses; it says so in no other way before 1.26. */
  private String user() throws ApiException, InterruptedException {
    for (Right right : missing) {
      if (right.verbs().contains("list")) {
        String group = right.group().isEmpty() ? "/api/v1" : "/apis/" + right.group() + "/v1";
        ApiClient.Reply reply =
            api.exchange(
                "GET",
                group + "/namespaces/" + namespace + "/" + right.resource() + "?limit=1",
                "",
                MESSAGE);
        Matcher name = USER.matcher(reply.message());
        if (name.find()) {
          return name.group(1);
        }
      }
    }
    return "NAME";
  }
}
