package io.teleproxy.plugin.kubernetes.cluster;

import java.util.Collection;
import java.util.List;

/** Rights as a Role and a RoleBinding, to be applied as they are. Pure. */
public final class RoleManifest {
  /**
   * A rule of a Role.
   *
   * @param group empty for the core group
   * @param resource plural, with its subresource, as in {@code pods/portforward}
   */
  public record Right(String group, String resource, List<String> verbs) {
    public Right {
      verbs = List.copyOf(verbs);
    }
  }

  private RoleManifest() {}

  /**
   * The manifest.
   *
   * @param user as the API server knows him; to be filled in where that is not known
   */
  public static String of(String name, String namespace, String user, Collection<Right> rights) {
    StringBuilder text =
        new StringBuilder(
            """
            apiVersion: rbac.authorization.k8s.io/v1
            kind: Role
            metadata: {name: %s, namespace: %s}
            rules:
            """
                .formatted(name, namespace));
    for (Right right : rights) {
      text.append("- apiGroups: [\"").append(right.group()).append("\"]\n");
      text.append("  resources: [").append(right.resource()).append("]\n");
      text.append("  verbs: [").append(String.join(", ", right.verbs())).append("]\n");
    }
    return text.append(
            """
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: %1$s, namespace: %2$s}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: %1$s}
            subjects:
            - {apiGroup: rbac.authorization.k8s.io, kind: User, name: "%3$s"}
            """
                .formatted(name, namespace, user))
        .toString();
  }
}
