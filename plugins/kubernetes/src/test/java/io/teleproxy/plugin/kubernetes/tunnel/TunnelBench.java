package io.teleproxy.plugin.kubernetes.tunnel;

import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget;
import io.teleproxy.plugin.kubernetes.cluster.ClusterView;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Tunnel;
import io.teleproxy.testkit.TestEnvironment;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A tunnel opened on a kubeconfig written for the test; pods are dialled by {@code pod.namespace}.
 */
final class TunnelBench implements AutoCloseable {
  static final ClusterView BY_NAME =
      to -> {
        String host = to.getHostString();
        int dot = host.indexOf('.');
        return new ClusterTarget.PodPort(
            host.substring(dot + 1), host.substring(0, dot), to.getPort());
      };

  final List<Health> healths = new CopyOnWriteArrayList<>();
  final ClusterSession cluster;
  final Tunnel.Session session;

  /**
   * @param user the kubeconfig's user entry, as flow YAML
   */
  TunnelBench(Path folder, String server, String cluster, String user, Map<String, String> settings)
      throws IOException {
    Path kubeconfig =
        Files.writeString(
            folder.resolve("kubeconfig"),
            """
            apiVersion: v1
            kind: Config
            clusters: [{name: fake, cluster: {server: "%s"%s}}]
            users: [{name: fake, user: %s}]
            contexts: [{name: fake, context: {cluster: fake, user: fake}}]
            current-context: fake
            """
                .formatted(server, cluster, user));
    Map<String, String> all = new HashMap<>(settings);
    all.putIfAbsent("tunnel.mode", "agentless");
    all.put("kubeconfig", kubeconfig.toString());
    Environment environment = new TestEnvironment(Map.of(), all);
    this.cluster = ClusterSession.acquire(environment);
    this.cluster.publish(BY_NAME);
    session = new KubernetesTunnel().open(new Context(environment));
  }

  TunnelBench(Path folder, FakeApiServer server, Map<String, String> settings) throws IOException {
    this(folder, "http://127.0.0.1:" + server.port(), "", "{token: secret}", settings);
  }

  Tunnel.Connection dial(String podAndNamespace, int port, Tunnel.Listener listener) {
    return session.dial(InetSocketAddress.createUnresolved(podAndNamespace, port), listener);
  }

  static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  Health health() {
    return healths.get(healths.size() - 1);
  }

  @Override
  public void close() {
    session.close();
    cluster.close();
  }

  private final class Context implements Tunnel.Context {
    private final Environment environment;

    Context(Environment environment) {
      this.environment = environment;
    }

    @Override
    public Environment environment() {
      return environment;
    }

    @Override
    public void health(Health health) {
      healths.add(health);
    }
  }
}
