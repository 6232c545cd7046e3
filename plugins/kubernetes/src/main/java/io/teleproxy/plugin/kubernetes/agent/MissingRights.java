package io.teleproxy.plugin.kubernetes.agent;

import io.teleproxy.plugin.kubernetes.api.ApiClient;
import io.teleproxy.plugin.kubernetes.api.ApiException;
import io.teleproxy.plugin.kubernetes.cluster.RoleManifest;
import io.teleproxy.plugin.kubernetes.cluster.RoleManifest.Right;
import io.teleproxy.plugin.kubernetes.model.Fields;
import io.teleproxy.plugin.kubernetes.model.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Tells exactly which rights the agent's way lacks, as a Role and a RoleBinding to copy. */
final class MissingRights {
  private static final Pattern USER = Pattern.compile("User \"([^\"]+)\" cannot");
  private static final Fields RULES =
      Fields.of(
          "status.resourceRules.verbs",
          "status.resourceRules.apiGroups",
          "status.resourceRules.resources");

  private static final List<Right> NEEDED =
      List.of(
          new Right("batch", "jobs", List.of("get", "create", "patch", "delete")),
          new Right("", "configmaps", List.of("create")),
          new Right("", "pods", List.of("list")),
          new Right("", "pods/portforward", List.of("create", "get")));

  private final ApiClient client;
  private final String namespace;

  MissingRights(ApiClient client, String namespace) {
    this.client = client;
    this.namespace = namespace;
  }

  /** Whether an answer says that a right is missing, and not that a policy refused an object. */
  static boolean isMissing(ApiClient.Reply reply) {
    return reply.status() == 403 && USER.matcher(reply.message()).find();
  }

  String remedy(ApiClient.Reply reply) throws ApiException, InterruptedException {
    Matcher user = USER.matcher(reply.message());
    String name = user.find() ? user.group(1) : "NAME";
    ApiClient.Reply rules =
        client.exchange(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
            "{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SelfSubjectRulesReview\",\"spec\":{\"namespace\":"
                + AgentObjects.quote(namespace)
                + "}}",
            RULES);
    List<Json> granted = rules.object().object("status").objects("resourceRules");
    List<Right> missing = new ArrayList<>();
    for (Right right : NEEDED) {
      List<String> verbs =
          right.verbs().stream().filter(verb -> !granted(granted, right, verb)).toList();
      if (!verbs.isEmpty()) {
        missing.add(new Right(right.group(), right.resource(), verbs));
      }
    }
    return "Have an administrator apply this, or set plugins.kubernetes.tunnel.mode = agentless:\n"
        + RoleManifest.of("teleproxy-agent", namespace, name, missing.isEmpty() ? NEEDED : missing);
  }

  private static boolean granted(List<Json> rules, Right right, String verb) {
    return rules.stream()
        .anyMatch(
            rule ->
                has(rule.texts("apiGroups"), right.group())
                    && has(rule.texts("resources"), right.resource())
                    && has(rule.texts("verbs"), verb));
  }

  private static boolean has(List<String> names, String name) {
    return names.contains("*") || names.contains(name);
  }
}
