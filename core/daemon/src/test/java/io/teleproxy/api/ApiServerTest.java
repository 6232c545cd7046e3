package io.teleproxy.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import io.netty.channel.EventLoopGroup;
import io.teleproxy.config.HostEnvironment;
import io.teleproxy.net.LocalPeers;
import io.teleproxy.net.Transport;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.UserException;
import io.teleproxy.tables.TableStore;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ApiServerTest {
  private static final EventLoopGroup LOOPS = Transport.group("test", 1);

  private final TableStore tables = new TableStore();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private CompletionStage<Void> applied = CompletableFuture.completedFuture(null);
  private final ApiServer server = start(0);
  private final HttpClient client = HttpClient.newHttpClient();

  private final class FakeDaemon implements Daemon {
    @Override
    public JsonObject status() {
      return new JsonObject();
    }

    @Override
    public CompletionStage<Void> applied() {
      return applied;
    }

    @Override
    public void shutdown() {
      stopped.countDown();
    }
  }

  private ApiServer start(int port) {
    LocalPeers me = LocalPeers.of(Set.of(HostEnvironment.current().uid()));
    return ApiServer.start(LOOPS, tables, new FakeDaemon(), me, List.of(), port);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @AfterAll
  static void stopLoops() {
    LOOPS.shutdownGracefully(0, 0, TimeUnit.SECONDS);
  }

  @Test
  void postedTablesAreListedReplacedAndDeleted() throws Exception {
    assertThat(send("POST", "/api/tables/", "[{\"name\":\"a\"},{\"name\":\"b\"}]").statusCode())
        .isEqualTo(200);
    assertThat(send("GET", "/api/tables/", "").body())
        .isEqualTo("[{\"name\":\"a\",\"routes\":[]},{\"name\":\"b\",\"routes\":[]}]\n");
    String route = "{\"name\":\"h\",\"proto\":\"tcp\",\"ip\":\"1.2.3.4\",\"target\":\"1\"}";
    send("POST", "/api/tables/a", "{\"name\":\"a\",\"routes\":[" + route + "]}");
    assertThat(send("GET", "/api/tables/a", "").body()).contains(route);
    assertThat(send("DELETE", "/api/tables/a", "").statusCode()).isEqualTo(200);
    assertThat(send("GET", "/api/tables/a", "").statusCode()).isEqualTo(404);
    assertThat(send("DELETE", "/api/tables/a", "").statusCode()).isEqualTo(404);
  }

  @Test
  void aMistakeInOneTableAppliesNone() throws Exception {
    HttpResponse<String> reply =
        send("POST", "/api/tables/", "[{\"name\":\"a\"},{\"name\":\"b\",\"rotes\":[]}]");
    assertThat(reply.statusCode()).isEqualTo(400);
    assertThat(reply.body()).contains("[1].rotes: unknown field");
    assertThat(tables.latest().tables()).isEmpty();
  }

  @Test
  void theBootstrapTableIsReserved() throws Exception {
    tables.put(new Table("bootstrap", List.of()));
    assertThat(send("POST", "/api/tables/", "[{\"name\":\"bootstrap\"}]").statusCode())
        .isEqualTo(409);
    assertThat(send("DELETE", "/api/tables/bootstrap", "").statusCode()).isEqualTo(409);
  }

  @Test
  void theSearchPathCanBeReadAndSet() throws Exception {
    assertThat(send("POST", "/api/search", "[\"Shop.svc.cluster.local.\"]").statusCode())
        .isEqualTo(200);
    assertThat(send("GET", "/api/search/", "").body()).isEqualTo("[\"shop.svc.cluster.local\"]\n");
    assertThat(send("POST", "/api/search", "{}").statusCode()).isEqualTo(400);
  }

  @Test
  void whatTheFirewallRefusesIsTold() throws Exception {
    applied = CompletableFuture.failedFuture(new IllegalStateException("no iptables today"));
    HttpResponse<String> reply = send("POST", "/api/tables/", "[{\"name\":\"a\"}]");
    assertThat(reply.statusCode()).isEqualTo(500);
    assertThat(reply.body()).contains("no iptables today");
  }

  @Test
  void shutdownAnswersAndThenStops() throws Exception {
    assertThat(send("GET", "/api/shutdown", "").statusCode()).isEqualTo(200);
    assertThat(stopped.await(5, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void webPagesOfOthersAreRefused() throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(uri("/api/shutdown"))
            .header("Origin", "https://evil.example")
            .build();
    HttpResponse<String> reply = client.send(request, HttpResponse.BodyHandlers.ofString());
    assertThat(reply.statusCode()).isEqualTo(403);
    assertThat(stopped.getCount()).isEqualTo(1);
  }

  @Test
  void otherPathsAndMethodsAreToldWhatThereIs() throws Exception {
    assertThat(send("GET", "/api/nothing", "").body()).contains("/api/tables/");
    HttpResponse<String> reply = send("PUT", "/api/tables/", "[]");
    assertThat(reply.statusCode()).isEqualTo(405);
    assertThat(reply.body()).contains("GET, POST");
  }

  @Test
  void aBusyPortIsNamedWithARemedy() throws Exception {
    try (ServerSocket other = new ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
      int port = other.getLocalPort();
      assertThatThrownBy(() -> start(port))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("127.0.0.1:" + port);
    }
  }

  private HttpResponse<String> send(String method, String path, String body) throws Exception {
    return client.send(
        HttpRequest.newBuilder(uri(path))
            .method(method, HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.port() + path);
  }
}
