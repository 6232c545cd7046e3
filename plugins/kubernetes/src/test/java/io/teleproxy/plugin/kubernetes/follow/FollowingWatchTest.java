package io.teleproxy.plugin.kubernetes.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.teleproxy.plugin.kubernetes.KubernetesWatcher;
import io.teleproxy.plugin.kubernetes.watch.FakeApiServer;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Watcher;
import io.teleproxy.testkit.RecordingContext;
import io.teleproxy.testkit.TestEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FollowingWatchTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String NOTHING = "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}";

  @TempDir Path folder;
  private FakeApiServer server;
  private RecordingContext context;
  private Watcher.Session session;

  @BeforeEach
  void follow() throws IOException {
    server = new FakeApiServer();
    for (String path :
        new String[] {
          "/api/v1/services",
          "/apis/discovery.k8s.io/v1/endpointslices",
          "/api/v1/pods",
          "/api/v1/nodes",
          "/api/v1/namespaces"
        }) {
      server.lists.put(path, NOTHING);
    }
    Path kubeconfig = namespace("ns0");
    context =
        new RecordingContext(
            new TestEnvironment(
                Map.of(),
                Map.of("kubeconfig", kubeconfig.toString(), "cluster-domain", "cluster.local")));
    session = new KubernetesWatcher().open(context);
    await().atMost(PATIENCE).until(() -> context.health().state() == Health.State.READY);
  }

  @AfterEach
  void stop() {
    session.close();
    server.close();
  }

  @Test
  void whatIsLeftBehindSaysNothingMore() throws IOException {
    for (int i = 1; i <= 30; i++) {
      String domain = "ns" + i + ".svc.cluster.local";
      namespace("ns" + i);
      session.reload();
      await()
          .atMost(PATIENCE)
          .pollInterval(Duration.ofMillis(2))
          .until(
              () ->
                  context.searches.get(context.searches.size() - 1).contains(domain)
                      && context.health().state() == Health.State.READY);
    }
    assertThat(context.healths).noneMatch(health -> health.state() == Health.State.DEGRADED);
    assertThat(context.failures).isEmpty();
  }

  @Test
  void aBrokenFileChangesNothingUntilItIsMended() throws IOException {
    int tables = context.tables.size();
    Files.writeString(folder.resolve("config"), "clusters: [ {");
    await().atMost(PATIENCE).until(() -> context.health().state() == Health.State.DEGRADED);
    assertThat(context.health().reason()).contains("the context c stays in use");
    assertThat(context.tables).hasSize(tables);

    namespace("ns0");
    await().atMost(PATIENCE).until(() -> context.health().state() == Health.State.READY);
    assertThat(context.tables).hasSize(tables);
  }

  @Test
  void anotherTokenOfTheSameUserIsShownFromThenOnAndNothingIsReadAnew() throws IOException {
    int tables = context.tables.size();
    config("ns0", "second");
    session.reload();
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              // Each watch that ends is followed by another one.
              server.send("/api/v1/services", FakeApiServer.END);
              return server.authorizations.contains("Bearer second");
            });
    assertThat(server.requests).filteredOn("/api/v1/pods?resourceVersion=0"::equals).hasSize(1);
    assertThat(context.tables).hasSize(tables);
  }

  private Path namespace(String namespace) throws IOException {
    return config(namespace, "first");
  }

  /** Puts a new file in the old one's place: one that is half written would be complained of. */
  private Path config(String namespace, String token) throws IOException {
    Path next =
        Files.writeString(
            folder.resolve("next"),
            """
            clusters: [{name: c, cluster: {server: "%s"}}]
            users: [{name: u, user: {token: %s}}]
            contexts: [{name: c, context: {cluster: c, user: u, namespace: %s}}]
            current-context: c
            """
                .formatted(server.url(), token, namespace));
    return Files.move(next, folder.resolve("config"), StandardCopyOption.REPLACE_EXISTING);
  }
}
