package io.teleproxy.plugin.kubernetes.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.teleproxy.plugin.kubernetes.KubernetesWatcher;
import io.teleproxy.plugin.kubernetes.cluster.Access.Header;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.UserException;
import io.teleproxy.testkit.TestEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterSessionTest {
  private static final String KUBECONFIG =
      """
      apiVersion: v1
      kind: Config
      clusters: [{name: lab, cluster: {server: "https://api.test:6443/"}}]
      users:
      - {name: token, user: {token: 12345, as: jane, as-groups: [a, b]}}
      - {name: file, user: {tokenFile: token.txt}}
      - {name: basic, user: {username: u, password: p}}
      - {name: gone, user: {client-certificate: gone.pem, client-key: gone.key}}
      - {name: plugin, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login, args: [x], env: [{name: GREETING, value: hi}]}}}
      - {name: no-plugin, user: {exec: {command: not-there, installHint: Install not-there.}}}
      contexts:
      - {name: one, context: {cluster: lab, user: token}}
      - {name: file, context: {cluster: lab, user: file, namespace: shop}}
      - {name: basic, context: {cluster: lab, user: basic}}
      - {name: gone, context: {cluster: lab, user: gone}}
      - {name: plugin, context: {cluster: lab, user: plugin}}
      - {name: no-plugin, context: {cluster: lab, user: no-plugin}}
      - {name: no-cluster, context: {cluster: nowhere, user: token}}
      current-context: one
      """;

  @TempDir Path folder;

  @Test
  void theCurrentContextSaysWhoAndWhere() throws Exception {
    try (ClusterSession session = open(write("config", KUBECONFIG), Map.of())) {
      assertThat(session.server()).hasToString("https://api.test:6443");
      assertThat(session.context()).isEqualTo("one");
      assertThat(session.namespace()).isEqualTo("default");
      assertThat(session.configuredDomain()).isEmpty();
      assertThat(access(session).headers())
          .containsExactly(
              new Header("Authorization", "Bearer 12345"),
              new Header("Impersonate-User", "jane"),
              new Header("Impersonate-Group", "a"),
              new Header("Impersonate-Group", "b"));
      assertThat(access(session)).isSameAs(access(session));
      assertThat(session.refused(access(session))).isFalse();
    }
  }

  @Test
  void settingsChooseContextNamespaceAndDomain() throws Exception {
    Path file = write("config", KUBECONFIG);
    try (ClusterSession session =
        open(file, Map.of("context", "basic", "namespace", "dev", "cluster-domain", "k8s.test"))) {
      assertThat(session.namespace()).isEqualTo("dev");
      assertThat(session.configuredDomain()).contains("k8s.test");
      assertThat(access(session).authorization()).contains("Basic dTpw");
    }
  }

  @Test
  void aTokenFileIsReadAgainAfterARefusal() throws Exception {
    write("token.txt", "first\n");
    try (ClusterSession session = open(write("config", KUBECONFIG), Map.of("context", "file"))) {
      assertThat(session.namespace()).isEqualTo("shop");
      Access first = access(session);
      assertThat(first.authorization()).contains("Bearer first");

      write("token.txt", "second\n");
      assertThat(access(session)).isSameAs(first);
      assertThat(session.refused(first)).isTrue();

      assertThat(access(session).authorization()).contains("Bearer second");
      assertThat(session.refused(first)).as("an old access does no harm").isTrue();
      assertThat(access(session).authorization()).contains("Bearer second");
    }
  }

  @Test
  void anotherTokenOfTheSameUserIsUsedAndAnythingElseLeadsElsewhere() throws Exception {
    Path file = write("config", KUBECONFIG);
    try (ClusterSession session = open(file, Map.of())) {
      Access first = access(session);
      assertThat(session.leadsElsewhere()).isFalse();
      assertThat(access(session)).isSameAs(first);

      write("config", KUBECONFIG.replace("12345", "67890"));
      assertThat(session.leadsElsewhere()).isFalse();
      assertThat(access(session).authorization()).contains("Bearer 67890");

      write("config", KUBECONFIG.replace("cluster: lab, user: token", "cluster: lab, user: basic"));
      assertThat(session.leadsElsewhere()).as("another user").isTrue();
      write("config", KUBECONFIG.replace("api.test", "other.test"));
      assertThat(session.leadsElsewhere()).as("another server").isTrue();
      write("config", KUBECONFIG.replace("user: token}", "user: token, namespace: n}"));
      assertThat(session.leadsElsewhere()).as("another namespace").isTrue();
      assertThat(access(session).authorization()).contains("Bearer 67890");
    }
  }

  @Test
  void certificatesInTheFilesThatItNamesAreReadAgainAndNotUsedWhileTheyAreBroken()
      throws Exception {
    Path certificate = write("gone.pem", "first");
    write("gone.key", "key");
    try (ClusterSession session = open(write("config", KUBECONFIG), Map.of("context", "gone"))) {
      assertThat(session.files())
          .containsExactly(folder.resolve("config"), certificate, folder.resolve("gone.key"));
      assertThat(session.leadsElsewhere()).isFalse();

      write("gone.pem", "second");
      assertThatThrownBy(session::leadsElsewhere)
          .isInstanceOf(UserException.class)
          .hasMessageContaining("client-certificate, client-key cannot be used");
    }
  }

  @Test
  void aCredentialPluginRunsWithTheUsersEnvironmentAndAgainWhenExpired() throws Exception {
    write(
        "login",
        """
        #!/bin/sh
        echo x >> "$0.runs"
        [ -z "$HOSTILE" ] || exit 9
        printf '{"kind":"ExecCredential","status":{"token":"%s-%s-%s","expirationTimestamp":"2020-01-01T00:00:00Z"}}' \
          "$USER" "$GREETING" "$1"
        """);
    assertThat(folder.resolve("login").toFile().setExecutable(true)).isTrue();
    TestEnvironment environment =
        new TestEnvironment(
            Map.of("USER", "jane", "KUBECONFIG", write("config", KUBECONFIG).toString()),
            Map.of("context", "plugin"));
    try (ClusterSession session = ClusterSession.acquire(environment)) {
      assertThat(access(session).authorization()).contains("Bearer jane-hi-x");
      access(session);
      // By a clock that is wrong it had expired before it came: it is used for a moment all the
      // same.
      assertThat(folder.resolve("login.runs")).hasContent("x");
      org.awaitility.Awaitility.await()
          .untilAsserted(
              () -> {
                access(session);
                assertThat(folder.resolve("login.runs")).hasContent("x\nx");
              });
    }
  }

  @Test
  void aFailingCredentialPluginIsQuoted() throws Exception {
    write("login", "#!/bin/sh\necho 'please log in' >&2; exit 3\n");
    assertThat(folder.resolve("login").toFile().setExecutable(true)).isTrue();
    try (ClusterSession session = open(write("config", KUBECONFIG), Map.of("context", "plugin"))) {
      assertThatThrownBy(() -> access(session))
          .isInstanceOf(ExecutionException.class)
          .cause()
          .isInstanceOf(UserException.class)
          .hasMessage("credential plugin ./login failed (exit 3): please log in");
      // Not for each connection: after a while.
      write("login", "#!/bin/sh\necho '{\"status\": {\"token\": \"t\"}}'\n");
      assertThatThrownBy(() -> access(session)).isInstanceOf(ExecutionException.class);
      org.awaitility.Awaitility.await()
          .ignoreExceptions()
          .untilAsserted(() -> assertThat(access(session).authorization()).contains("Bearer t"));
    }
  }

  @Test
  void theEnvironmentsProxyCountsWhereTheKubeconfigNamesNone() throws Exception {
    Map<String, String> variables = Map.of("https_proxy", "http://proxy.test:3128");
    assertThat(proxy(KUBECONFIG, variables)).isEqualTo("http://proxy.test:3128");
    assertThat(proxy(KUBECONFIG, Map.of())).isEqualTo("none");
    String named = KUBECONFIG.replace("6443/\"", "6443/\", proxy-url: \"socks5://named.test\"");
    assertThat(proxy(named, variables)).isEqualTo("socks5://named.test:1080");
  }

  private String proxy(String kubeconfig, Map<String, String> variables) throws IOException {
    Map<String, String> settings = Map.of("kubeconfig", write("config", kubeconfig).toString());
    try (ClusterSession session =
        ClusterSession.acquire(new TestEnvironment(variables, settings))) {
      return session.proxy().map(ProxyUrl::toString).orElse("none");
    }
  }

  @Test
  void severalFilesAreMergedAndTheFirstCounts() throws Exception {
    Path first = write("first", "current-context: two\n");
    Path second =
        write(
            "second",
            """
            contexts: [{name: two, context: {cluster: lab, user: token, namespace: two}}]
            users: [{name: token, user: {token: other}}]
            """);
    Path third = write("third", KUBECONFIG);
    String list = first + ":" + folder.resolve("missing") + ":" + second + ":" + third;
    try (ClusterSession session =
        ClusterSession.acquire(new TestEnvironment(Map.of("KUBECONFIG", list), Map.of()))) {
      assertThat(session.namespace()).isEqualTo("two");
      assertThat(session.server()).hasToString("https://api.test:6443");
      assertThat(access(session).authorization()).contains("Bearer other");
    }
  }

  @Test
  void watcherAndTunnelShareOneSessionUntilBothHaveClosedIt() throws Exception {
    Path file = write("config", KUBECONFIG);
    ClusterSession watcher = open(file, Map.of());
    ClusterSession tunnel = open(file, Map.of());
    assertThat(tunnel).isSameAs(watcher);
    watcher.close();
    assertThat(open(file, Map.of())).isSameAs(tunnel);
    tunnel.close();
    tunnel.close();
    try (ClusterSession later = open(file, Map.of())) {
      assertThat(later).isNotSameAs(tunnel);
    }
  }

  @Test
  void whatIsWrongWithAKubeconfigIsSaidWithARemedy() throws Exception {
    Path file = write("config", KUBECONFIG);
    assertRefused(folder.resolve("no"), Map.of(), "does not exist (named by --kubeconfig, or");
    assertRefused(write("bad", "a: ["), Map.of(), "is not YAML", "line 1");
    assertRefused(write("text", "hello"), Map.of(), "is not a kubeconfig");
    assertRefused(write("binary", "\0\1"), Map.of(), "is not YAML");
    assertRefused(write("empty", ""), Map.of(), "has no current-context");
    assertRefused(write("list", "clusters: 3\ncontexts: 4"), Map.of(), "expected: a list");
    assertRefused(folder, Map.of(), "cannot be read");
    assertRefused(file, Map.of("context", "nope"), "has no context 'nope'");
    assertRefused(file, Map.of("context", "no-cluster"), "names the cluster 'nowhere'");
    assertRefused(file, Map.of("context", "gone"), "client-certificate names", "does not exist");
    assertRefused(file, Map.of("context", "file"), "tokenFile names", "does not exist");
    assertRefused(file, Map.of("context", "no-plugin"), "plugin not-there is not there");
    assertRefused(
        write("url", KUBECONFIG.replace("https://api.test:6443/", "api.test")),
        Map.of(),
        "clusters[lab].cluster.server is wrong",
        "not 'api.test'");
  }

  @Test
  void aParserMessageNeverShowsTheLineItStumbledOver() throws Exception {
    UserException refusal =
        catchThrowableOfType(
            UserException.class, () -> open(write("bad", "token: 'secret\nx: ["), Map.of()));
    assertThat(refusal.getMessage()).contains("is not YAML").doesNotContain("secret");
  }

  @Test
  void theProbeWantsAKubeconfigUnlessOneWasNamed() throws Exception {
    KubernetesWatcher watcher = new KubernetesWatcher();
    Map<String, String> home = Map.of("HOME", folder.toString());
    assertThat(watcher.probe(new TestEnvironment(home, Map.of())))
        .isInstanceOfSatisfying(
            Probe.NotApplicable.class,
            no -> {
              assertThat(no.reason()).contains("no kubeconfig", ".kube/config");
              assertThat(no.remedy()).contains("--kubeconfig", "KUBECONFIG");
            });
    assertThat(watcher.probe(new TestEnvironment(home, Map.of("kubeconfig", "/nope"))))
        .isInstanceOf(Probe.Applicable.class);
    Files.createDirectory(folder.resolve(".kube"));
    write(".kube/config", KUBECONFIG);
    assertThat(watcher.probe(new TestEnvironment(home, Map.of())))
        .isInstanceOf(Probe.Applicable.class);
  }

  private void assertRefused(Path file, Map<String, String> settings, String... parts) {
    UserException refusal = catchThrowableOfType(UserException.class, () -> open(file, settings));
    assertThat(refusal).as("%s", file).isNotNull();
    assertThat(refusal.getMessage()).contains(file.toString()).contains(parts);
    assertThat(refusal.remedy()).isNotEmpty();
  }

  private ClusterSession open(Path file, Map<String, String> settings) {
    Map<String, String> all = new java.util.HashMap<>(settings);
    all.put("kubeconfig", file.toString());
    return ClusterSession.acquire(new TestEnvironment(Map.of(), all));
  }

  private Path write(String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content);
  }

  private static Access access(ClusterSession session) throws Exception {
    return session.access().get(20, TimeUnit.SECONDS);
  }
}
