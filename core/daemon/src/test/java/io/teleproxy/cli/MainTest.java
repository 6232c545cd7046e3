package io.teleproxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.teleproxy.config.Configuration;
import io.teleproxy.config.HostEnvironment;
import io.teleproxy.config.LogLevel;
import io.teleproxy.config.Mode;
import io.teleproxy.config.Part;
import io.teleproxy.plugin.PluginJarBuilder;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest extends CommandLineFixture {
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

  @Test
  void whatRootsPartSaysToTheBridgeDoesNotSayAgain() {
    HostEnvironment bridge = environment().with(Map.of(Part.VARIABLE, "bridge"));
    assertThat(run(bridge, "run", "--bogus")).isEqualTo(2);
    assertThat(err()).isEmpty();
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
}
