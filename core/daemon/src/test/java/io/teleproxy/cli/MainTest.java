package io.teleproxy.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.sun.net.httpserver.HttpServer;
import io.teleproxy.config.ApiPlace;
import io.teleproxy.config.Configuration;
import io.teleproxy.config.HostEnvironment;
import io.teleproxy.config.LogLevel;
import io.teleproxy.config.Mode;
import io.teleproxy.plugin.PluginJarBuilder;
import io.teleproxy.spi.UserException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
  @TempDir Path temporary;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final List<Configuration> runs = new ArrayList<>();
  private Path config;

  /** Nobody listens on port 1. */
  private int apiPort = 1;

  private Runner runner =
      (configuration, plugins, environment, stream) -> {
        runs.add(configuration);
        stream.println("ready");
        return 0;
      };

  @BeforeEach
  void config() throws IOException {
    // Own plugin folder, so that what is installed on the machine does not matter.
    Path plugins = Files.createDirectories(temporary.resolve("plugins"));
    config =
        Files.writeString(
            temporary.resolve("teleproxy.conf"), "plugin-folders = [ " + plugins + " ]");
  }

  private int run(String... arguments) {
    return Main.run(
        new Program(
            environment(),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            () -> runner),
        arguments);
  }

  private HostEnvironment environment() {
    return HostEnvironment.current().with(Map.of(ApiPlace.VARIABLE, "127.0.0.1:" + apiPort));
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void bareTeleproxyRuns() {
    assertThat(run()).isZero();
    assertThat(out()).isEqualTo("ready\n");
    assertThat(runs).singleElement().extracting(Configuration::mode).isEqualTo(Mode.ALL);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "run --config CONFIG --mode bridge --context c --dns 192.0.2.1 --fallback 192.0.2.2",
        "--config CONFIG --mode bridge --context c --dns 192.0.2.1 --fallback 192.0.2.2",
        "-config CONFIG -mode bridge -context c -dns 192.0.2.1 -fallback 192.0.2.2",
        "-config=CONFIG -mode=bridge -context=c -dns=192.0.2.1 -fallback=192.0.2.2",
        "-v -config CONFIG -mode bridge run -context c -dns 192.0.2.1 -fallback 192.0.2.2",
      })
  void takesFlagsInAllForms(String line) {
    assertThat(run(line.replace("CONFIG", config.toString()).split(" "))).as(err()).isZero();
    Configuration configuration = runs.get(0);
    assertThat(configuration.mode()).isEqualTo(Mode.BRIDGE);
    assertThat(configuration.pluginFolders()).containsExactly(temporary.resolve("plugins"));
    assertThat(configuration.nameservers()).containsExactly(new InetSocketAddress("192.0.2.1", 53));
    assertThat(configuration.fallback()).containsExactly(new InetSocketAddress("192.0.2.2", 53));
    assertThat(configuration.settings("kubernetes").string("context")).contains("c");
  }

  /** Only the command that is asked for is read; its help shows that it was found. */
  @Test
  void everyCommandIsFoundByItsName() {
    Commands.toRead()
        .getSubcommands()
        .forEach(
            (name, command) -> {
              assertThat(command.getCommandName()).isEqualTo(name);
              out.reset();
              assertThat(run(name, "--help")).isZero();
              assertThat(out()).isEqualTo(command.getUsageMessage());
            });
  }

  @Test
  void kubernetesFlagsBecomeSettingsOfItsPlugin() {
    assertThat(run("-kubeconfig", "some/file", "-namespace", "n")).isZero();
    assertThat(runs.get(0).settings("kubernetes").string("kubeconfig"))
        .contains(Path.of("some/file").toAbsolutePath().toString());
    assertThat(runs.get(0).settings("kubernetes").string("namespace")).contains("n");
  }

  @Test
  void verboseFlagsSetTheLogLevel() {
    run("-v");
    run("-vv");
    run("run", "-v", "-v");
    assertThat(runs)
        .extracting(Configuration::logLevel)
        .containsExactly(LogLevel.DEBUG, LogLevel.TRACE, LogLevel.TRACE);
  }

  @Test
  void whatTheUserCanMendIsSaidInOneLineWithoutStackTrace() {
    runner =
        (configuration, plugins, environment, stream) -> {
          throw new UserException("the port 80 is taken", "End who has it.");
        };
    assertThat(run()).isEqualTo(2);
    assertThat(err()).isEqualTo("teleproxy: the port 80 is taken. End who has it.\n");
    assertThat(out()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"run --json --config CONFIG", "--json --config CONFIG", "demo --json"})
  void saysForProgramsThatItIsReady(String line) {
    runner =
        (configuration, plugins, environment, stream) -> {
          stream.println("ready: 27 routes, linux-nftables");
          return 0;
        };
    assertThat(run(line.replace("CONFIG", config.toString()).split(" "))).as(err()).isZero();
    JsonObject ready = JsonParser.parseString(out()).getAsJsonObject();
    assertThat(ready.get("ready").getAsBoolean()).isTrue();
    assertThat(ready.get("summary").getAsString()).isEqualTo("27 routes, linux-nftables");
  }

  @Test
  void saysForProgramsWhyItIsNot() {
    runner =
        (configuration, plugins, environment, stream) -> {
          throw new UserException("the port 80 is taken", "End who has it.");
        };
    assertThat(run("run", "--json", "--config", config.toString())).isEqualTo(2);
    assertThat(err()).isEqualTo("teleproxy: the port 80 is taken. End who has it.\n");
    JsonObject failed = JsonParser.parseString(out()).getAsJsonObject();
    assertThat(failed.get("ready").getAsBoolean()).isFalse();
    assertThat(failed.get("error").getAsString()).isEqualTo("the port 80 is taken");
    assertThat(failed.get("remedy").getAsString()).isEqualTo("End who has it.");
  }

  @Test
  void ourFaultsHaveAStackTrace() {
    runner =
        (configuration, plugins, environment, stream) -> {
          throw new IllegalStateException("oops");
        };
    assertThat(run()).isEqualTo(70);
    assertThat(err()).contains("fault of teleproxy", "IllegalStateException: oops", "\tat ");
  }

  @Test
  void errorsAreFaultsToo() {
    runner =
        (configuration, plugins, environment, stream) -> {
          throw new NoClassDefFoundError("x/Y");
        };
    assertThat(run()).isEqualTo(70);
    assertThat(err()).contains("NoClassDefFoundError: x/Y");
  }

  @Test
  void badConfigurationIsTheUsers() {
    assertThat(run("--config", temporary + "/missing.conf", "--mode", "none")).isEqualTo(2);
    assertThat(err())
        .startsWith("teleproxy: the configuration has 2 problems:\n  ")
        .contains("missing.conf does not exist")
        .contains("--mode: mode: 'none' (expected: one of all, intercept, bridge)")
        .endsWith("Correct them and start again.\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--bogus", "bogus", "plugins bogus", "plugins", "status x", "--mode"})
  void misuseIsTheUsers(String line) {
    assertThat(run(line.split(" "))).isEqualTo(2);
    assertThat(err()).startsWith("teleproxy: ").contains("--help").doesNotContain("\tat ");
    assertThat(runs).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--help",
        "run --help",
        "plugins --help",
        "plugins list -h",
        "status -h",
        "stop -h"
      })
  void helpsWithEveryCommand(String line) {
    assertThat(run(line.split(" "))).isZero();
    assertThat(out()).startsWith("Usage: teleproxy");
  }

  @Test
  void helpNamesAllCommands() {
    run("--help");
    assertThat(out()).contains("  run ", "  plugins ", "  status ", "  tables ", "  stop ");
  }

  @Test
  void tellsItsVersion() {
    assertThat(run("--version")).isZero();
    assertThat(out()).startsWith("teleproxy ").contains("Java");
  }

  @ParameterizedTest
  @ValueSource(strings = {"status", "status --json", "tables", "tables x", "stop"})
  void saysClearlyThatNothingRuns(String line) {
    assertThat(run(line.split(" "))).isEqualTo(2);
    assertThat(err())
        .isEqualTo(
            "teleproxy: no teleproxy is running here. Start one with 'sudo teleproxy run'.\n");
  }

  @Test
  void listsPluginsForPeople() throws IOException {
    PluginJarBuilder.plugin("silent")
        .resolver("s.Silent", "")
        .write(temporary.resolve("plugins/silent.jar"));
    Files.writeString(temporary.resolve("plugins/zap.jar"), "no zip");
    assertThat(run("plugins", "list", "--config", config.toString())).isZero();
    assertThat(out().lines())
        .containsExactly(
            "ID      VERSION  SOURCE   EXTENSIONS  STATE   PROBE",
            "silent  1.2.3    drop-in  resolver    loaded  applicable",
            "zap     -        drop-in  -           failed  it is not a jar file (zip END header not"
                + " found). Copy or build it again. ["
                + temporary
                + "/plugins/zap.jar]");
  }

  @Test
  void listsPluginsForPrograms() throws IOException {
    PluginJarBuilder.plugin("picky")
        .resolver(
            "p.Picky",
            "public Probe probe(Environment e) { return Probe.notApplicable(\"no moon\", \"Wait.\"); }")
        .write(temporary.resolve("plugins/picky.jar"));
    assertThat(run("plugins", "list", "--json", "--config", config.toString())).isZero();
    JsonObject plugin = JsonParser.parseString(out()).getAsJsonArray().get(0).getAsJsonObject();
    JsonObject expected =
        JsonParser.parseString(
                "{'id': 'picky', 'version': '1.2.3', 'source': 'drop-in', 'path': '"
                    + temporary
                    + "/plugins/picky.jar', 'state': 'loaded', 'reason': '', 'remedy': '',"
                    + " 'extensions': [{'point': 'resolver', 'applicable': false,"
                    + " 'reason': 'no moon', 'remedy': 'Wait.'}]}")
            .getAsJsonObject();
    assertThat(plugin).isEqualTo(expected);
  }

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
