package io.teleproxy.plugin.kubernetes.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.plugin.kubernetes.model.Fields;
import io.teleproxy.spi.UserException;
import io.teleproxy.testkit.TestEnvironment;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Requests over connections that are kept, broken, slow, or led through proxies. */
@Timeout(120)
class ApiClientTest {
  private static final Fields KIND = Fields.of("kind");
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir Path folder;
  private PlainServer server;
  private ClusterSession session;
  private ApiClient client;

  @BeforeEach
  void serve() throws IOException {
    server = new PlainServer();
  }

  @AfterEach
  void end() throws IOException {
    if (client != null) {
      client.close();
      session.close();
    }
    server.close();
  }

  @Test
  void oneConnectionServesOneRequestAfterTheOther() throws Exception {
    connect("");
    for (int i = 0; i < 5; i++) {
      assertThat(client.exchange("GET", "/version", "", KIND).object().text("kind")).isEqualTo("x");
    }
    assertThat(server.connections()).isEqualTo(1);
  }

  @Test
  void whatIsBeingReadHoldsUpNobody() throws Exception {
    connect("");
    try (ApiClient.Body endless = client.get("/endless");
        InputStream body = endless.stream()) {
      assertThat(body.read()).isEqualTo('z');
      assertThat(client.exchange("GET", "/version", "", KIND).ok()).isTrue();
      assertThat(server.connections()).isEqualTo(2);
    }
  }

  @Test
  void whoReadsSlowlyMakesTheServerWait() throws Exception {
    connect("");
    try (ApiClient.Body endless = client.get("/endless");
        InputStream body = endless.stream()) {
      assertThat(body.read()).isEqualTo('z');
      await().atMost(PATIENCE).until(() -> server.stalls());
      long sent = server.sent();
      // Socket buffers of both sides, which the kernel lets grow, and what is kept unread.
      assertThat(sent).isLessThan(16L * 1024 * 1024);
      body.skipNBytes(sent);
      await().atMost(PATIENCE).until(() -> server.sent() > sent);
    }
  }

  @Test
  void aKeptConnectionThatTheServerHasClosedIsReplaced() throws Exception {
    connect("");
    assertThat(client.exchange("GET", "/version", "", KIND).ok()).isTrue();
    server.closeBeforeTheNextAnswer();
    assertThat(client.exchange("GET", "/version", "", KIND).ok()).isTrue();
    assertThat(server.connections()).isEqualTo(2);
  }

  @Test
  void closingABodyEndsTheReadThatWaits() throws Exception {
    connect("");
    ApiClient.Body silent = client.get("/silent");
    Thread closer = new Thread(silent::close);
    InputStream body = silent.stream();
    closer.start();
    assertThatThrownBy(body::read).isInstanceOf(IOException.class);
    closer.join();
  }

  @Test
  void anAnswerThatDoesNotComeIsNotWaitedForForever() throws Exception {
    connect("");
    assertThat(client.alive(PATIENCE)).isTrue();
    server.stayMute();
    assertThat(client.alive(Duration.ofMillis(200))).isFalse();
  }

  @Test
  void anHttpProxyLeadsThere() throws Exception {
    try (PlainProxy proxy = new PlainProxy(server.port())) {
      connect("http://user:secret@127.0.0.1:" + proxy.port());
      assertThat(client.exchange("GET", "/version", "", KIND).ok()).isTrue();
      assertThat(proxy.asked())
          .contains("CONNECT api.test:443")
          .containsIgnoringCase("proxy-authorization: Basic dXNlcjpzZWNyZXQ=");
    }
  }

  @Test
  void aSocksProxyLeadsThere() throws Exception {
    try (PlainProxy proxy = new PlainProxy(server.port())) {
      connect("socks5://127.0.0.1:" + proxy.port());
      assertThat(client.exchange("GET", "/version", "", KIND).ok()).isTrue();
      assertThat(proxy.asked()).contains("api.test");
    }
  }

  @Test
  void aProxyThatIsNoneSaysSo() throws Exception {
    connect("http://127.0.0.1:" + server.port());
    assertThatThrownBy(() -> client.exchange("GET", "/version", "", KIND))
        .isInstanceOf(ApiException.class)
        .hasMessageContaining("through the proxy http://127.0.0.1:" + server.port());
  }

  @Test
  void anUnknownKindOfProxyIsRefusedWithItsPlace() {
    assertThatThrownBy(() -> connect("ftp://127.0.0.1:1"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("proxy-url")
        .hasMessageContaining("socks5://HOST:PORT");
  }

  /**
   * @param proxy URL, or empty to go straight to the server
   */
  private void connect(String proxy) throws IOException {
    String url = proxy.isEmpty() ? "http://127.0.0.1:" + server.port() : "http://api.test:443";
    String through = proxy.isEmpty() ? "" : ", proxy-url: \"" + proxy + "\"";
    Path kubeconfig =
        Files.writeString(
            folder.resolve("kubeconfig"),
            """
            clusters: [{name: c, cluster: {server: "%s"%s}}]
            users: [{name: c, user: {token: secret}}]
            contexts: [{name: c, context: {cluster: c, user: c}}]
            current-context: c
            """
                .formatted(url, through));
    session =
        ClusterSession.acquire(
            new TestEnvironment(Map.of(), Map.of("kubeconfig", kubeconfig.toString())));
    client = ApiClient.open(session);
  }
}
