package io.teleproxy.plugin.kubernetes.drills;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.teleproxy.plugin.kubernetes.KubernetesWatcher;
import io.teleproxy.spi.UserException;
import io.teleproxy.spi.Watcher;
import io.teleproxy.testkit.RecordingContext;
import io.teleproxy.testkit.TestEnvironment;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Failure drills: what a user sees when a start does not get into the cluster. Real sockets, real
 * TLS, real files and programs; all at the same time, because most of the time is waiting.
 */
@Timeout(120)
class StartDrillsTest {
  private static final Path TABLE = Path.of("src/test/resources/drills/start.txt");
  private static final Path SECTIONS = Path.of("../../docs/troubleshooting.md");

  @TempDir static Path folder;

  private static final Map<String, CompletableFuture<String>> told = new LinkedHashMap<>();
  private static final ExecutorService threads = Executors.newCachedThreadPool();
  private static Certificates certificates;

  @BeforeAll
  static void stage() throws Exception {
    certificates = new Certificates(folder);
    certificates.makeAuthority("authority");
    certificates.makeAuthority("another");
    certificates.make("authority", "good", "ip:127.0.0.1");
    certificates.make("authority", "misnamed", "dns:elsewhere.test");
    certificates.make(
        "authority", "expired", "ip:127.0.0.1", "-startdate", "-10d", "-validity", "5");
    certificates.make("authority", "coming", "ip:127.0.0.1", "-startdate", "+5d", "-validity", "5");
    program("fails", "echo 'session expired, run: sso login' >&2; exit 7");
    program("babbles", "echo hello");
    Files.writeString(folder.resolve("forbidden"), "#!/bin/sh\n");
    // Those first that need no patience: what is slow about a first time is over then.
    start(drills().stream().filter(drill -> drill.get("patience", "").isEmpty()).toList());
    CompletableFuture.allOf(told.values().toArray(CompletableFuture<?>[]::new)).join();
    start(drills().stream().filter(drill -> !drill.get("patience", "").isEmpty()).toList());
  }

  private static void start(List<Drill> some) {
    for (Drill drill : some) {
      told.put(drill.toString(), CompletableFuture.supplyAsync(() -> tell(drill), threads));
    }
  }

  @AfterAll
  static void end() {
    threads.shutdownNow();
  }

  static List<Drill> drills() throws IOException {
    return Drill.table(TABLE);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("drills")
  void saysWhatIsWrongAndWhatToDo(Drill drill) throws Exception {
    assertThat(told.get(drill.toString()).get(90, TimeUnit.SECONDS))
        .isEqualTo("says: " + drill.get("says", "") + "\ndo: " + drill.get("do", ""));
    assertThat(Files.readString(SECTIONS)).contains("\n## " + drill.get("see", "none") + "\n");
  }

  private static void program(String name, String script) throws IOException {
    Path file = Files.writeString(folder.resolve(name), "#!/bin/sh\n" + script + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private static String tell(Drill drill) {
    try (BrokenServer server = server(drill)) {
      String place = place(drill, server);
      UserException failure = start(kubeconfig(drill, place), drill.get("patience", "60"));
      return ("says: " + failure.getMessage() + "\ndo: " + failure.remedy().stripTrailing())
          .replace(place, "SERVER")
          .replace(folder.toString(), "FOLDER")
          .replaceAll("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]+Z", "TIME")
          .replaceAll("[A-Z][a-z]{2} [A-Z][a-z]{2} [0-9]{2} [0-9:]{8} \\w+ [0-9]{4}", "TIME")
          .replaceAll("/config-[0-9]+", "/config");
    } catch (Exception e) {
      return "failed: " + e;
    }
  }

  private static BrokenServer server(Drill drill) throws Exception {
    String shown = drill.get("server", "good");
    SSLContext tls =
        shown.matches("plain|nobody|no-name|no-route") ? null : certificates.context(shown);
    String answer = drill.get("answer", "200 OK").replace("\\n", "\n");
    if (answer.equals(BrokenServer.MUTE) || answer.equals(BrokenServer.HANGS_UP)) {
      return new BrokenServer(tls, answer);
    }
    int end = answer.indexOf("\n\n");
    String head = end < 0 ? answer : answer.substring(0, end);
    String body = end < 0 ? "" : answer.substring(end + 2);
    return new BrokenServer(
        tls,
        "HTTP/1.1 "
            + head
            + "\nContent-Length: "
            + body.length()
            + "\nConnection: close\n\n"
            + body);
  }

  private static String place(Drill drill, BrokenServer server) throws IOException {
    int port = server.port();
    if (drill.get("server", "").equals("nobody")) {
      try (ServerSocket socket = new ServerSocket(0)) {
        port = socket.getLocalPort();
      }
    }
    String host =
        switch (drill.get("server", "")) {
          case "no-name" -> "api.invalid";
          // Everybody's address, to which no connection has a route (RFC 919).
          case "no-route" -> "255.255.255.255";
          default -> "127.0.0.1";
        };
    return "https://" + host + ":" + port;
  }

  private static Path kubeconfig(Drill drill, String place) throws IOException {
    String usual =
        """
        clusters: [{name: c, cluster: {server: "%s", %s}}]
        users: [{name: u, user: %s}]
        contexts: [{name: c, context: {cluster: c, user: u}}]
        current-context: c
        """
            .formatted(
                place,
                drill.get("cluster", "certificate-authority: authority.pem"),
                drill.get("user", "{token: x}"));
    Path file = folder.resolve("config-" + Integer.toUnsignedString(drill.hashCode()));
    String text = drill.get("kubeconfig", usual);
    return text.equals("none") ? file : Files.writeString(file, text);
  }

  private static UserException start(Path kubeconfig, String seconds) {
    RecordingContext context =
        new RecordingContext(
            new TestEnvironment(
                Map.of("PATH", "/usr/bin:/bin"),
                Map.of(
                    "kubeconfig", kubeconfig.toString(), "start-timeout", "PT" + seconds + "S")));
    try (Watcher.Session session = new KubernetesWatcher().open(context)) {
      await().atMost(Duration.ofSeconds(80)).until(() -> !context.failures.isEmpty());
      return context.failures.get(0);
    } catch (UserException e) {
      return e;
    }
  }
}
