package io.teleproxy.plugin.kubernetes.drills;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.plugin.kubernetes.KubernetesWatcher;
import io.teleproxy.spi.Finding;
import io.teleproxy.testkit.TestEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code teleproxy doctor} finds in a cluster whose API server says one thing to everybody.
 */
@Timeout(60)
class DoctorDrillsTest {
  private static final String ANYTHING =
      "{\"gitVersion\": \"v1.30.0\", \"message\": \"User \\\"dev\\\" cannot list\"}";

  @TempDir Path folder;

  @Test
  void aClockThatIsWrongIsNamedWithHowMuch() throws IOException {
    assertThat(find(Duration.ofMinutes(-10), Map.of()))
        .anySatisfy(
            one -> {
              assertThat(one.check()).isEqualTo("clock, compared");
              assertThat(one.verdict()).isEqualTo(Finding.Verdict.BAD);
              assertThat(one.found())
                  .matches("this machine's clock is [56][09][0-9] s ahead of the API server's");
              assertThat(one.remedy()).contains("timedatectl set-ntp true");
            });
    assertThat(find(Duration.ofSeconds(30), Map.of()))
        .anySatisfy(
            one -> {
              assertThat(one.verdict()).isEqualTo(Finding.Verdict.NOTE);
              assertThat(one.found()).contains("s behind the API server's");
            });
    assertThat(find(Duration.ZERO, Map.of()))
        .contains(Finding.ok("clock, compared", "as the API server's"));
  }

  @Test
  void allThatIsMissingIsOneRoleForTheUser() throws IOException {
    assertThat(find(Duration.ZERO, Map.of()))
        .anySatisfy(
            one -> {
              assertThat(one.check()).isEqualTo("Role");
              assertThat(one.verdict()).isEqualTo(Finding.Verdict.BAD);
              assertThat(one.remedy())
                  .isEqualTo(
                      """
                      Have an administrator apply this:
                      apiVersion: rbac.authorization.k8s.io/v1
                      kind: Role
                      metadata: {name: teleproxy, namespace: shop}
                      rules:
                      - apiGroups: [""]
                        resources: [services]
                        verbs: [list, watch]
                      - apiGroups: ["discovery.k8s.io"]
                        resources: [endpointslices]
                        verbs: [list, watch]
                      - apiGroups: [""]
                        resources: [pods]
                        verbs: [list, watch]
                      - apiGroups: [""]
                        resources: [pods/portforward]
                        verbs: [create, get]
                      - apiGroups: [""]
                        resources: [pods/proxy]
                        verbs: [get]
                      - apiGroups: ["batch"]
                        resources: [jobs]
                        verbs: [get, create, patch, delete]
                      - apiGroups: [""]
                        resources: [configmaps]
                        verbs: [create]
                      ---
                      apiVersion: rbac.authorization.k8s.io/v1
                      kind: RoleBinding
                      metadata: {name: teleproxy, namespace: shop}
                      roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: teleproxy}
                      subjects:
                      - {apiGroup: rbac.authorization.k8s.io, kind: User, name: "dev"}
                      """);
            });
  }

  @Test
  void ofTheAgentsImageItSaysWhatCanBeKnown() throws IOException {
    assertThat(find(Duration.ZERO, Map.of("agent.image", "registry.test/java:17")))
        .anySatisfy(
            one -> {
              assertThat(one.check()).isEqualTo("agent image");
              assertThat(one.found()).contains("registry.test/java:17", "no right to read nodes");
              assertThat(one.remedy())
                  .contains("ImagePullBackOff", "plugins.kubernetes.agent.image");
            });
  }

  private List<Finding> find(Duration ahead, Map<String, String> settings) throws IOException {
    String date =
        DateTimeFormatter.RFC_1123_DATE_TIME.format(
            Instant.now().plus(ahead).atOffset(ZoneOffset.UTC));
    String answer =
        "HTTP/1.1 200 OK\nConnection: close\nDate: "
            + date
            + "\nContent-Length: "
            + ANYTHING.length()
            + "\n\n"
            + ANYTHING;
    try (BrokenServer server = new BrokenServer(null, answer)) {
      Path kubeconfig =
          Files.writeString(
              folder.resolve("config-" + server.port()),
              """
              clusters: [{name: c, cluster: {server: "http://127.0.0.1:%d"}}]
              contexts: [{name: c, context: {cluster: c, namespace: shop}}]
              current-context: c
              """
                  .formatted(server.port()));
      Map<String, String> all = new java.util.HashMap<>(settings);
      all.put("kubeconfig", kubeconfig.toString());
      return new KubernetesWatcher().examine(new TestEnvironment(Map.of(), all));
    }
  }
}
