package io.teleproxy.plugin.kubernetes.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.teleproxy.plugin.kubernetes.KubernetesWatcher;
import io.teleproxy.plugin.kubernetes.api.ApiClient;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget;
import io.teleproxy.plugin.kubernetes.model.Fields;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Watcher;
import io.teleproxy.testkit.RecordingContext;
import io.teleproxy.testkit.TestEnvironment;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Against any cluster that TELEPROXY_TEST_KUBECONFIG names; needs the right to make namespaces. */
@Tag("cluster")
class RealClusterTest {
  @Test
  void servicesAppearAndDisappearWithinASecond() throws Exception {
    TestEnvironment environment = environment();
    RecordingContext context = new RecordingContext(environment);
    String namespace = "teleproxy-test-" + UUID.randomUUID().toString().substring(0, 8);
    String name = "late." + namespace + ".svc.cluster.local";
    ClusterSession cluster = ClusterSession.acquire(environment);
    Watcher.Session session = new KubernetesWatcher().open(context);
    ApiClient api = ApiClient.open(cluster);
    try {
      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> context.healths.stream().anyMatch(h -> h.state() == Health.State.READY));
      assertThat(context.names("kubernetes.default.svc.cluster.local")).isTrue();
      assertThat(
              cluster.view().resolve(InetSocketAddress.createUnresolved("kubernetes.default", 443)))
          .isEqualTo(new ClusterTarget.ApiServer());

      String services = "/api/v1/namespaces/" + namespace + "/services";
      exchange(api, "POST", "/api/v1/namespaces", "{'metadata': {'name': '" + namespace + "'}}");
      exchange(
          api,
          "POST",
          services,
          "{'metadata': {'name': 'late'}, 'spec': {'ports': [{'port': 80, 'targetPort': 80}]}}");
      await().atMost(Duration.ofSeconds(1)).until(() -> context.names(name));

      exchange(api, "DELETE", services + "/late", "");
      await().atMost(Duration.ofSeconds(1)).until(() -> !context.names(name));
    } finally {
      exchange(api, "DELETE", "/api/v1/namespaces/" + namespace, "");
      api.close();
      session.close();
      cluster.close();
    }
  }

  private static void exchange(ApiClient api, String method, String path, String body)
      throws Exception {
    ApiClient.Reply reply = api.exchange(method, path, body.replace('\'', '"'), Fields.of("kind"));
    assertThat(reply.ok()).as("%s %s: %s", method, path, reply.message()).isTrue();
  }

  private static TestEnvironment environment() {
    String kubeconfig = System.getenv("TELEPROXY_TEST_KUBECONFIG");
    Assumptions.assumeTrue(kubeconfig != null, "TELEPROXY_TEST_KUBECONFIG is not set");
    // From here its addresses would lead somewhere else.
    Assumptions.assumeTrue(
        System.getenv("TELEPROXY_TEST_NETNS") == null,
        "the cluster is reached from another network namespace only");
    TestEnvironment environment =
        new TestEnvironment(System.getenv(), Map.of("kubeconfig", String.valueOf(kubeconfig)));
    try (ClusterSession cluster = ClusterSession.acquire(environment);
        Socket socket = new Socket()) {
      URI server = cluster.server();
      int port = server.getPort() < 0 ? 443 : server.getPort();
      socket.connect(new InetSocketAddress(server.getHost(), port), 3000);
    } catch (IOException e) {
      Assumptions.abort("the API server of " + kubeconfig + " cannot be reached: " + e);
    }
    return environment;
  }
}
