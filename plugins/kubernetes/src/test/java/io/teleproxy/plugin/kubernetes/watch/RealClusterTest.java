package io.teleproxy.plugin.kubernetes.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.teleproxy.plugin.kubernetes.KubernetesWatcher;
import io.teleproxy.plugin.kubernetes.TestEnvironment;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Watcher;
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
  void servicesAppearAndDisappearWithinASecond() throws IOException {
    TestEnvironment environment = environment();
    RecordingContext context = new RecordingContext(environment);
    String namespace = "teleproxy-test-" + UUID.randomUUID().toString().substring(0, 8);
    String name = "late." + namespace + ".svc.cluster.local";
    ClusterSession cluster = ClusterSession.acquire(environment);
    Watcher.Session session = new KubernetesWatcher().open(context);
    KubernetesClient client = cluster.client();
    try {
      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> context.healths.stream().anyMatch(h -> h.state() == Health.State.READY));
      assertThat(context.names("kubernetes.default.svc.cluster.local")).isTrue();
      assertThat(
              cluster.view().resolve(InetSocketAddress.createUnresolved("kubernetes.default", 443)))
          .isEqualTo(new ClusterTarget.ApiServer());

      client
          .namespaces()
          .resource(
              new NamespaceBuilder().withNewMetadata().withName(namespace).endMetadata().build())
          .create();
      client
          .services()
          .inNamespace(namespace)
          .resource(
              new ServiceBuilder()
                  .withNewMetadata()
                  .withName("late")
                  .endMetadata()
                  .withNewSpec()
                  .addNewPort()
                  .withPort(80)
                  .withTargetPort(new IntOrString(80))
                  .endPort()
                  .endSpec()
                  .build())
          .create();
      await().atMost(Duration.ofSeconds(1)).until(() -> context.names(name));

      client.services().inNamespace(namespace).withName("late").delete();
      await().atMost(Duration.ofSeconds(1)).until(() -> !context.names(name));
    } finally {
      client.namespaces().withName(namespace).delete();
      session.close();
      cluster.close();
    }
  }

  private static TestEnvironment environment() {
    String kubeconfig = System.getenv("TELEPROXY_TEST_KUBECONFIG");
    Assumptions.assumeTrue(kubeconfig != null, "TELEPROXY_TEST_KUBECONFIG is not set");
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
