package io.teleproxy.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonParser;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** Commands that ask a daemon which runs, and the doctor, who asks it as well. */
class DaemonCommandsTest extends CommandLineFixture {
  /** A daemon that answers as told and remembers what it was asked. */
  private final class Daemon implements AutoCloseable {
    private final HttpServer server;
    private final List<String> asked = new CopyOnWriteArrayList<>();

    Daemon(Map<String, String> answers) throws IOException {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.createContext(
          "/",
          exchange -> {
            URI uri = exchange.getRequestURI();
            asked.add(exchange.getRequestMethod() + " " + uri.getRawPath());
            String answer = answers.get(uri.getRawPath());
            byte[] body =
                (answer == null ? "{\"error\": \"no such thing\"}" : answer)
                    .getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(answer == null ? 404 : 200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
          });
      server.start();
      apiPort = server.getAddress().getPort();
    }

    @Override
    public void close() {
      server.stop(0);
    }
  }

  private static final String STATUS =
      "{'ready': true, 'pid': 12, 'routes': {'kubernetes': 3, 'mine': 1}, 'components': ["
              .replace('\'', '"')
          + ("{'name': 'dns', 'state': 'ready', 'since': 's', 'reason': '', 'remedy': ''},"
                  + "{'name': 'kubernetes', 'state': 'degraded', 'since': 't',"
                  + " 'reason': 'the API server is away', 'remedy': 'Check the VPN.'}]}")
              .replace('\'', '"');

  @Test
  void rendersTheStatus() throws IOException {
    try (Daemon daemon = new Daemon(Map.of("/api/status", STATUS))) {
      assertThat(run("status")).as(err()).isZero();
      assertThat(out().lines())
          .containsExactly(
              "ready:   true",
              "pid:     12",
              "routes:  kubernetes=3 mine=1",
              "",
              "COMPONENT   STATE     SINCE  REASON",
              "dns         ready     s",
              "kubernetes  degraded  t      the API server is away. Check the VPN.");
      assertThat(daemon.asked).containsExactly("GET /api/status");
    }
  }

  @Test
  void passesTheStatusOnToPrograms() throws IOException {
    try (Daemon daemon = new Daemon(Map.of("/api/status", STATUS))) {
      assertThat(run("status", "--json")).isZero();
      assertThat(JsonParser.parseString(out())).isEqualTo(JsonParser.parseString(STATUS));
    }
  }

  @Test
  void showsTables() throws IOException {
    try (Daemon daemon =
        new Daemon(
            Map.of("/api/tables/", "[{\"name\": \"a\"}]", "/api/tables/a", "{\"name\": \"a\"}"))) {
      assertThat(run("tables")).isZero();
      assertThat(JsonParser.parseString(out()).isJsonArray()).isTrue();
      out.reset();
      assertThat(run("tables", "a")).isZero();
      assertThat(JsonParser.parseString(out()).isJsonObject()).isTrue();
      assertThat(run("tables", "a b")).isEqualTo(2);
      assertThat(err())
          .isEqualTo("teleproxy: there is no table 'a b'. 'teleproxy tables' shows all of them.\n");
      assertThat(daemon.asked).last().isEqualTo("GET /api/tables/a%20b");
    }
  }

  @Test
  void passesOnWhyTheDaemonRefuses() throws IOException {
    try (Daemon daemon = new Daemon(Map.of())) {
      assertThat(run("status")).isEqualTo(2);
      assertThat(err()).isEqualTo("teleproxy: the daemon refused: no such thing (HTTP 404).\n");
    }
  }

  @Test
  void stops() throws IOException {
    try (Daemon daemon =
        new Daemon(Map.of("/api/status", "{}", "/api/shutdown", "{\"stopping\": true}"))) {
      assertThat(run("stop")).as(err()).isZero();
      assertThat(out()).isEqualTo("stopped\n");
      assertThat(daemon.asked).containsExactly("GET /api/status", "POST /api/shutdown");
    }
  }

  @Test
  void stopsForPrograms() throws IOException {
    try (Daemon daemon = new Daemon(Map.of("/api/status", "{}", "/api/shutdown", "{}"))) {
      assertThat(run("stop", "--json")).as(err()).isZero();
      assertThat(JsonParser.parseString(out()).getAsJsonObject().get("stopped").getAsBoolean())
          .isTrue();
    }
  }

  private static final String CONNECTIONS =
      """
      {"counters": {}, "live": [{"id": 2, "protocol": "tcp", "destination": "10.96.7.7:80",
        "name": "web.default.svc.cluster.local", "state": "open", "age-ms": 1500,
        "round-trip-ms": 3.25, "bytes-up": 10, "bytes-down": 20,
        "pid": 77, "process": "curl", "uid": 1000}],
       "ended": [{"id": 1, "protocol": "udp", "destination": "10.96.0.10:53", "name": "",
        "state": "ended", "age-ms": 20, "bytes-up": 1, "bytes-down": 0,
        "ended": "t", "reason": "port unreachable"}]}
      """;

  @Test
  void showsConnectionsWithAllThatIsKnownOfThem() throws IOException {
    try (Daemon daemon = new Daemon(Map.of("/api/connections", CONNECTIONS))) {
      assertThat(run("connections")).as(err()).isZero();
      assertThat(out().lines())
          .containsExactly(
              "ID  PROCESS  UID   PROTO  DESTINATION    NAME                           STATE  AGE   "
                  + "RTT     UP  DOWN  END",
              "#2  77/curl  1000  tcp    10.96.7.7:80   web.default.svc.cluster.local  open   1s    "
                  + "3.25ms  10  20    -",
              "#1  -        -     udp    10.96.0.10:53  -                              ended  20ms  "
                  + "-       1   0     port unreachable");
      out.reset();
      assertThat(run("connections", "--json")).isZero();
      assertThat(JsonParser.parseString(out())).isEqualTo(JsonParser.parseString(CONNECTIONS));
    }
  }

  @Test
  void followsConnectionsUntilTheDaemonIsGone() throws Exception {
    Daemon daemon = new Daemon(Map.of("/api/connections", CONNECTIONS));
    Thread end =
        new Thread(
            () -> {
              await().until(() -> daemon.asked.size() > 2);
              daemon.close();
            });
    end.start();
    assertThat(run("connections", "--follow", "--json")).isEqualTo(2);
    end.join();
    // What had ended before is no news, and what goes on is told once.
    assertThat(out().lines()).singleElement().asString().contains("\"id\":2");
  }

  @Test
  void showsHowManyQueriesThereWere() throws IOException {
    try (Daemon daemon =
        new Daemon(Map.of("/api/queries", "{\"counters\": {\"queries\": 7}, \"queries\": []}"))) {
      assertThat(run("dns")).as(err()).isZero();
      assertThat(out()).isEqualTo("queries:  7\n");
    }
  }

  @Test
  void doctorLooksAlsoWhenNothingRunsAndItsBundleHoldsNoSecrets() throws IOException {
    Files.writeString(
        config,
        "\nplugins.own { token = PLANTED-1, server = \"https://me:PLANTED-2@x\" }\n",
        java.nio.file.StandardOpenOption.APPEND);
    Path bundle = temporary.resolve("bundle.zip");

    assertThat(
            run("doctor", "--config", config.toString(), "--json", "--bundle", bundle.toString()))
        .as("%s", err())
        .isBetween(0, 1);

    assertThat(JsonParser.parseString(out()).getAsJsonArray().toString())
        .contains("resolv.conf", "none is running");
    String held = unpacked(bundle);
    assertThat(held).contains("teleproxy-doctor/doctor.txt", "teleproxy-doctor/variables.txt");
    assertThat(held).contains("plugins.own").doesNotContain("PLANTED");
  }

  @Test
  void theBundleHasTheLogAndWhatTheDaemonSaysWithoutSecrets() throws IOException {
    String status =
        """
        {"pid": 12, "components": [{"name": "watcher kubernetes", "state": "degraded",
          "reason": "credential plugin said: token=PLANTED", "remedy": "see https://me:PLANTED@x/"}]}
        """;
    String log =
        """
        {"root": ["10:00:00.000 INFO DaemonRunner - ready"],
         "bridge": ["10:00:01.000 DEBUG Exec - Authorization: Bearer PLANTED",
                    "10:00:02.000 WARN Exec - password=PLANTED",
                    "eyJhbGciOi.PLANTED.c2ln"]}
        """;
    Path bundle = temporary.resolve("bundle.zip");
    try (Daemon daemon =
        new Daemon(
            Map.of(
                "/api/status",
                status,
                "/api/log",
                log,
                "/api/connections",
                "{\"name\": \"api_key=PLANTED\"}",
                "/api/queries",
                "{}"))) {
      assertThat(run("doctor", "--config", config.toString(), "--bundle", bundle.toString()))
          .as("%s", err())
          .isBetween(0, 1);
    }
    assertThat(unpacked(bundle))
        .contains("log-root.txt", "DaemonRunner - ready", "log-bridge.txt", "WARN Exec")
        .doesNotContain("PLANTED");
  }

  @Test
  void aBundleForWhichThereIsNoRoomSaysSo() {
    assertThat(run("doctor", "--config", config.toString(), "--bundle", "/dev/full")).isEqualTo(2);
    assertThat(err())
        .contains("/dev/full cannot be written", "No space left on device", "--bundle");
  }

  private static String unpacked(Path bundle) throws IOException {
    StringBuilder held = new StringBuilder();
    try (var zip = new java.util.zip.ZipInputStream(Files.newInputStream(bundle))) {
      for (var entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        held.append(entry.getName()).append('\n');
        held.append(new String(zip.readAllBytes(), StandardCharsets.UTF_8));
      }
    }
    return held.toString();
  }
}
