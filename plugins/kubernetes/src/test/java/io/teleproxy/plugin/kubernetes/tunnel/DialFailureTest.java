package io.teleproxy.plugin.kubernetes.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget;
import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget.None;
import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget.Reason;
import io.teleproxy.plugin.kubernetes.cluster.ClusterView;
import io.teleproxy.plugin.kubernetes.tunnel.FakeApiServer.Answer;
import io.teleproxy.spi.Health;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a dial does when the way is not simply open. */
final class DialFailureTest {
  private final FakeApiServer server = new FakeApiServer();
  private final RecordingListener listener = new RecordingListener();
  @TempDir Path folder;

  @AfterEach
  void close() {
    server.close();
  }

  private static Answer status(int code, String message) {
    return new Answer(
        code, "{\"kind\":\"Status\",\"message\":\"" + message + "\",\"code\":" + code + "}");
  }

  @Test
  void aMissingPermissionNamesTheRule() throws Exception {
    server.portForward = request -> status(403, "pods \\\"web\\\" is forbidden");
    try (TunnelBench tunnel = new TunnelBench(folder, server, Map.of())) {
      tunnel.dial("web.shop", 80, listener);
      assertThat(listener.next())
          .startsWith(
              "failed NOT_ALLOWED port-forward to shop/web: 403 pods \"web\" is forbidden. Needed is"
                  + " the verb create on pods/portforward")
          .contains("-n shop");
      assertThat(tunnel.health().state()).isEqualTo(Health.State.DEGRADED);
    }
  }

  @Test
  void refusedCredentialsAreRenewedOnce() throws Exception {
    Path token = Files.writeString(folder.resolve("token"), "old");
    server.portForward =
        request -> request.endsWith("Bearer new") ? FakeApiServer.UPGRADE : renewed(token);
    try (TunnelBench tunnel =
        new TunnelBench(
            folder,
            "http://127.0.0.1:" + server.port(),
            "",
            "{tokenFile: \"" + token + "\"}",
            Map.of())) {
      tunnel.dial("web.shop", 80, listener);
      assertThat(listener.next()).isEqualTo("opened");
    }
  }

  @Test
  void whoHasBeenLetInBeforeWaitsUntilThereAreCredentialsAgain() throws Exception {
    try (TunnelBench tunnel = new TunnelBench(folder, server, Map.of())) {
      tunnel.dial("web.shop", 80, listener);
      assertThat(listener.next()).isEqualTo("opened");
      AtomicInteger asked = new AtomicInteger();
      server.portForward =
          request ->
              asked.incrementAndGet() < 4 ? status(401, "Unauthorized") : FakeApiServer.UPGRADE;
      RecordingListener waiting = new RecordingListener();
      tunnel.dial("other.shop", 80, waiting);
      assertThat(waiting.next()).isEqualTo("opened");
    }
  }

  private static Answer renewed(Path token) {
    try {
      Path made = Files.writeString(token.resolveSibling("new-token"), "new");
      Files.move(made, token, StandardCopyOption.ATOMIC_MOVE);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return status(401, "Unauthorized");
  }

  @Test
  void credentialsThatCannotBeRenewedFailTheDial() throws Exception {
    server.portForward = request -> status(401, "Unauthorized");
    try (TunnelBench tunnel = new TunnelBench(folder, server, Map.of())) {
      tunnel.dial("web.shop", 80, listener);
      assertThat(listener.next())
          .startsWith("failed NOT_ALLOWED port-forward to shop/web: 401 Unauthorized");
    }
  }

  @Test
  void aPodThatIsGoneIsReplacedByAnother() throws Exception {
    server.portForward =
        request -> request.contains("/web-1/") ? status(404, "not found") : FakeApiServer.UPGRADE;
    try (TunnelBench tunnel = new TunnelBench(folder, server, Map.of())) {
      AtomicInteger turn = new AtomicInteger();
      tunnel.cluster.publish(
          to -> new ClusterTarget.PodPort("shop", "web-" + (1 + turn.getAndIncrement() / 2), 80));
      tunnel.dial("web", 80, listener);
      assertThat(listener.next()).isEqualTo("opened");
      assertThat(server.pod().opened().next()).isEqualTo("nothing");
    }
  }

  @Test
  void aPodThatIsGoneWithoutAnotherFailsTheDial() throws Exception {
    server.portForward = request -> status(404, "pods \\\"web\\\" not found");
    try (TunnelBench tunnel = new TunnelBench(folder, server, Map.of())) {
      tunnel.dial("web.shop", 80, listener);
      assertThat(listener.next())
          .isEqualTo(
              "failed HOST_UNREACHABLE port-forward to shop/web: 404 pods \"web\" not found");
    }
  }

  @Test
  void aDialWaitsForAnApiServerThatComesBack() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    server.portForward =
        request -> asked.getAndIncrement() < 3 ? status(503, "restarting") : FakeApiServer.UPGRADE;
    try (TunnelBench tunnel = new TunnelBench(folder, server, Map.of())) {
      tunnel.dial("web.shop", 80, listener);
      assertThat(listener.next()).isEqualTo("opened");
      await()
          .untilAsserted(() -> assertThat(tunnel.health().state()).isEqualTo(Health.State.READY));
    }
  }

  @Test
  void aDialGivesUpWhenTheApiServerStaysAway() throws Exception {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    try (TunnelBench tunnel =
        new TunnelBench(
            folder,
            "http://127.0.0.1:" + port,
            "",
            "{token: secret}",
            Map.of("dial-timeout", "PT0.5S"))) {
      tunnel.dial("web.shop", 80, listener);
      assertThat(listener.next())
          .startsWith("failed TIMED_OUT gave up after 500 ms: API server 127.0.0.1:" + port)
          .contains("Connection refused");
      assertThat(tunnel.health().state()).isEqualTo(Health.State.DEGRADED);
      assertThat(tunnel.health().remedy()).contains("reaches the API server");
    }
  }

  @Test
  void healthIsReadyWhenTheApiServerAnswersAndRecoversByItself() throws Exception {
    server.versionStatus = 500;
    try (TunnelBench tunnel = new TunnelBench(folder, server, Map.of())) {
      await()
          .untilAsserted(
              () -> assertThat(tunnel.health().state()).isEqualTo(Health.State.DEGRADED));
      server.versionStatus = 200;
      await()
          .untilAsserted(() -> assertThat(tunnel.health().state()).isEqualTo(Health.State.READY));
    }
  }

  @Test
  void destinationsWithoutAPodFailWithTheirReason() throws Exception {
    InetAddress outside = InetAddress.getByName("192.0.2.1");
    try (TunnelBench tunnel = new TunnelBench(folder, server, Map.of())) {
      tunnel.cluster.publish(to -> new ClusterTarget.External(outside, 443));
      tunnel.dial("db", 443, listener);
      assertThat(listener.next())
          .startsWith("failed NETWORK_UNREACHABLE 192.0.2.1 is no pod's address");

      tunnel.cluster.publish(to -> new None(Reason.UNKNOWN_DESTINATION, "no such name"));
      tunnel.dial("db", 443, listener);
      assertThat(listener.next()).isEqualTo("failed NAME_NOT_FOUND no such name");

      tunnel.cluster.publish(to -> new None(Reason.NO_READY_ENDPOINT, "nobody is ready"));
      tunnel.dial("db", 443, listener);
      assertThat(listener.next()).isEqualTo("failed REFUSED nobody is ready");
    }
  }

  @Test
  void aDialWaitsUntilTheClusterHasBeenRead() throws Exception {
    try (TunnelBench tunnel = new TunnelBench(folder, server, Map.of())) {
      tunnel.cluster.publish(ClusterView.NOTHING_YET);
      tunnel.dial("web.shop", 80, listener);
      assertThat(tunnel.session).isNotNull();
      tunnel.cluster.publish(TunnelBench.BY_NAME);
      assertThat(listener.next()).isEqualTo("opened");
    }
  }
}
