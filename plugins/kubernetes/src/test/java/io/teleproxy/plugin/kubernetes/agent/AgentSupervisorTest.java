package io.teleproxy.plugin.kubernetes.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.teleproxy.plugin.kubernetes.api.ApiClient;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.testkit.TestEnvironment;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A cluster that takes the Job, and makes no pod of it. */
class AgentSupervisorTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String REFUSAL = "exceeded quota: none";
  private static final String NO_RIGHT =
      "pods is forbidden: User \"u\" cannot create resource \"pods\" in API group \"\" in the"
          + " namespace \"default\"";

  @TempDir Path folder;

  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final List<String> troubles = new CopyOnWriteArrayList<>();

  /** Why a dry run is refused; empty if it is let in. */
  private volatile String dryRun = "";

  private volatile String job = "";
  private HttpServer server;
  private ClusterSession cluster;
  private ApiClient client;
  private AgentSupervisor supervisor;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(
        Executors.newCachedThreadPool(
            work -> {
              Thread thread = new Thread(work);
              thread.setDaemon(true);
              return thread;
            }));
    server.createContext("/", this::answer);
    server.start();
    Path kubeconfig =
        Files.writeString(
            folder.resolve("kubeconfig"),
            """
            clusters: [{name: c, cluster: {server: "http://127.0.0.1:%d"}}]
            users: [{name: c, user: {token: secret}}]
            contexts: [{name: c, context: {cluster: c, user: c}}]
            current-context: c
            """
                .formatted(server.getAddress().getPort()));
    cluster =
        ClusterSession.acquire(
            new TestEnvironment(Map.of(), Map.of("kubeconfig", kubeconfig.toString())));
    client = ApiClient.open(cluster);
    supervisor =
        new AgentSupervisor(
            AgentSettings.of(
                new TestEnvironment(Map.of(), Map.of("agent.image", "example.test/jre:17"))
                    .settings()),
            client,
            "default",
            new AgentOwner("u", "m"),
            new AgentSupervisor.Observer() {
              @Override
              public void running(String namespace, String pod) {}

              @Override
              public void restarted(String how) {}

              @Override
              public void trouble(String reason, String remedy) {
                troubles.add(reason);
              }
            });
  }

  @AfterEach
  void stop() {
    supervisor.close();
    client.close();
    cluster.close();
    server.stop(0);
  }

  @Test
  void makesTheJobAnewOnceWhenThePodWouldBeLetIn() {
    supervisor.start();
    await().atMost(PATIENCE).until(() -> count("POST /apis/batch") == 2);
    assertThat(troubles).anyMatch(reason -> reason.contains(REFUSAL));
    int asked = count("dryRun");
    await("it is asked again").atMost(PATIENCE).until(() -> count("dryRun") >= asked + 1);
    assertThat(count("POST /apis/batch")).as("and left to Kubernetes").isEqualTo(2);
  }

  @Test
  void leavesTheJobToKubernetesWhereNobodyCanBeAsked() {
    dryRun = NO_RIGHT;
    supervisor.start();
    await().atMost(PATIENCE).until(() -> count("dryRun") >= 2);
    assertThat(count("POST /apis/batch")).isEqualTo(1);
    assertThat(count("DELETE")).isZero();
  }

  private int count(String words) {
    return (int) requests.stream().filter(request -> request.contains(words)).count();
  }

  private void answer(HttpExchange exchange) throws IOException {
    String method = exchange.getRequestMethod();
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    String request = method + " " + exchange.getRequestURI();
    requests.add(request);
    int status = 200;
    String answer = "{}";
    if (request.contains("/jobs")) {
      switch (method) {
        case "POST" -> job = body.replaceFirst("\"metadata\":\\{", "\"metadata\":{\"uid\":\"u1\",");
        case "PATCH" -> job = job.replace("\"parallelism\":0", "\"parallelism\":1");
        case "DELETE" -> job = "";
        default -> status = job.isEmpty() ? 404 : 200;
      }
      answer = job.isEmpty() ? "{}" : job;
    } else if (request.contains("dryRun") && !dryRun.isEmpty()) {
      status = 403;
      answer = "{\"message\":\"" + dryRun.replace("\"", "\\\"") + "\"}";
    } else if (request.contains("/events")) {
      answer =
          "{\"items\":[{\"involvedObject\":{\"uid\":\"u1\"},\"reason\":\"FailedCreate\","
              + "\"lastTimestamp\":\"2026-01-01T00:00:00Z\",\"message\":\""
              + REFUSAL
              + "\"}]}";
    }
    byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }
}
