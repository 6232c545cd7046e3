package io.teleproxy.plugin.kubernetes.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.OpenSsl;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.testkit.TestEnvironment;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Whom the tunnel believes to be the API server, and what it shows of the user. */
class ApiTlsTest {
  private static final char[] PASSWORD = "changeit".toCharArray();
  private static final String ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

  @TempDir static Path folder;

  private static final BlockingQueue<String> clients = new LinkedBlockingQueue<>();
  private static final ExecutorService threads =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "api-tls-test");
            thread.setDaemon(true);
            return thread;
          });
  private static final ApiLoop loop = new ApiLoop("api-tls-test");
  private static SSLServerSocket server;

  @BeforeAll
  static void serve() throws Exception {
    KeyStore own = selfSigned("server", "ip:127.0.0.1");
    selfSigned("user", "dns:user");
    selfSigned("other", "ip:127.0.0.1");
    selfSigned("misnamed", "dns:elsewhere.test");
    selfSigned("local", "dns:localhost");
    selfSigned("wild", "dns:*.localhost");
    selfSigned("localhost", "email:a@b.test");
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(own, PASSWORD);
    TrustManagerFactory users = TrustManagerFactory.getInstance("PKIX");
    users.init(store("user"));
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), users.getTrustManagers(), null);
    server = listen(context);
  }

  @AfterAll
  static void end() throws Exception {
    server.close();
    loop.close();
    threads.shutdown();
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
  void theLibraryIsUsedWhereItFits() {
    assertThat(OpenSsl.isAvailable()).isTrue();
  }

  @Test
  void anAuthorityOfTheKubeconfigIsBelievedAndTheUserShown() throws Exception {
    assertThat(ask(server, "server", true)).isEqualTo("200");
    assertThat(clients.poll(30, TimeUnit.SECONDS)).isEqualTo("CN=user");
  }

  @Test
  void aServerOfAnotherAuthorityIsNotBelieved() throws Exception {
    assertThat(ask(server, "other", false)).contains("certif");
  }

  @Test
  void aCertificateForAnotherNameIsNotBelieved() throws Exception {
    assertThat(askOneThatShows("misnamed", "127.0.0.1")).contains("127.0.0.1");
    assertThat(askOneThatShows("wild", "localhost")).contains("localhost");
  }

  @Test
  void aCertificateForTheVeryNameIsBelieved() throws Exception {
    assertThat(askOneThatShows("local", "localhost")).isEqualTo("200");
  }

  /** Of a certificate without names of servers, the JDK takes the subject's. */
  @Test
  void whatOnlyTheJdkFindsIsBelievedToo() throws Exception {
    assertThat(askOneThatShows("localhost", "localhost")).isEqualTo("200");
  }

  @Test
  void aProxyMayBeReachedByTlsAndIsVerifiedToo() throws Exception {
    Path both = folder.resolve("both.pem");
    Files.writeString(both, Files.readString(pem("server")) + Files.readString(pem("local")));
    try (PlainProxy proxy =
        new PlainProxy(server.getLocalPort(), showing("local").getServerSocketFactory())) {
      String url = "https://localhost:" + proxy.port();
      assertThat(askThrough(url, both)).isEqualTo("200");
      assertThat(proxy.asked()).startsWith("CONNECT 127.0.0.1:" + server.getLocalPort());
      assertThat(askThrough(url, pem("server"))).contains("through the proxy " + url, "certif");
      assertThat(askThrough("https://127.0.0.1:" + proxy.port(), both)).contains("127.0.0.1");
    }
  }

  private String askThrough(String proxy, Path authorities) throws Exception {
    return ask(server, "127.0.0.1", authorities, "{token: x}", ", proxy-url: \"" + proxy + "\"");
  }

  private String askOneThatShows(String certificate, String host) throws Exception {
    try (SSLServerSocket server = listen(showing(certificate))) {
      return ask(server, host, pem(certificate), "{token: x}", "");
    }
  }

  private static SSLContext showing(String certificate) throws Exception {
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store(certificate), PASSWORD);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    return context;
  }

  private String ask(SSLServerSocket to, String authority, boolean asUser) throws Exception {
    String user =
        asUser
            ? "{client-certificate: " + pem("user") + ", client-key: " + key("user") + "}"
            : "{token: x}";
    return ask(to, "127.0.0.1", pem(authority), user, "");
  }

  /**
   * The status of an answer, or why there was none.
   *
   * @param more of the kubeconfig's cluster
   */
  private String ask(SSLServerSocket to, String host, Path authorities, String user, String more)
      throws Exception {
    Path kubeconfig = Files.createTempFile(folder, "config", "");
    Files.writeString(
        kubeconfig,
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: c, cluster: {server: "https://%s:%d", certificate-authority: %s%s}}]
        users: [{name: u, user: %s}]
        contexts: [{name: c, context: {cluster: c, user: u}}]
        current-context: c
        """
            .formatted(host, to.getLocalPort(), authorities, more, user));
    CompletableFuture<String> answer = new CompletableFuture<>();
    try (ClusterSession session =
        ClusterSession.acquire(
            new TestEnvironment(Map.of(), Map.of("kubeconfig", kubeconfig.toString())))) {
      new ApiConnector(session, new ApiDialer(session, loop))
          .version(
              new ApiConnector.Result() {
                @Override
                public void answered(ChannelHandlerContext context, int status, String message) {
                  context.close();
                  answer.complete(Integer.toString(status));
                }

                @Override
                public void failed(ConnectFailure failure) {
                  answer.complete(failure.detail());
                }
              });
      return answer.get(60, TimeUnit.SECONDS);
    }
  }

  private static SSLServerSocket listen(SSLContext context) throws Exception {
    SSLServerSocket socket =
        (SSLServerSocket)
            context
                .getServerSocketFactory()
                .createServerSocket(0, 8, InetAddress.getByName("127.0.0.1"));
    socket.setWantClientAuth(true);
    threads.execute(
        () -> {
          try {
            while (true) {
              SSLSocket accepted = (SSLSocket) socket.accept();
              threads.execute(() -> answer(accepted));
            }
          } catch (java.io.IOException e) {
            // closed
          }
        });
    return socket;
  }

  private static void answer(SSLSocket socket) {
    try (socket;
        InputStream in = socket.getInputStream();
        OutputStream out = socket.getOutputStream()) {
      if (in.read(new byte[4096]) > 0) {
        out.write(ANSWER.getBytes(StandardCharsets.US_ASCII));
        clients.add(socket.getSession().getPeerPrincipal().getName());
      }
    } catch (java.io.IOException e) {
      // nobody to answer
    }
  }

  private static KeyStore selfSigned(String name, String alternative) throws Exception {
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                name,
                "-dname",
                "CN=" + name,
                "-ext",
                "san=" + alternative,
                "-keyalg",
                "RSA",
                "-keystore",
                folder.resolve(name + ".p12").toString(),
                "-storepass",
                new String(PASSWORD))
            .redirectErrorStream(true)
            .start();
    String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(keytool.waitFor()).as(said).isZero();
    KeyStore store = store(name);
    writePem(pem(name), "CERTIFICATE", store.getCertificate(name).getEncoded());
    writePem(key(name), "PRIVATE KEY", store.getKey(name, PASSWORD).getEncoded());
    return store;
  }

  private static KeyStore store(String name) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(folder.resolve(name + ".p12"))) {
      store.load(in, PASSWORD);
    }
    return store;
  }

  private static Path pem(String name) {
    return folder.resolve(name + ".pem");
  }

  private static Path key(String name) {
    return folder.resolve(name + ".key");
  }

  private static void writePem(Path file, String label, byte[] der) throws Exception {
    String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    Files.writeString(
        file, "-----BEGIN " + label + "-----\n" + base64 + "\n-----END " + label + "-----\n");
  }
}
