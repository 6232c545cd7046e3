package io.teleproxy.cli;

import io.teleproxy.config.ApiPlace;
import io.teleproxy.config.Configuration;
import io.teleproxy.config.HostEnvironment;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Runs commands as the launcher does, and has what they print; nobody else's plugins are there. */
abstract class CommandLineFixture {
  @TempDir Path temporary;
  final ByteArrayOutputStream out = new ByteArrayOutputStream();
  final ByteArrayOutputStream err = new ByteArrayOutputStream();
  final List<Configuration> runs = new ArrayList<>();
  Path config;

  /** Nobody listens on port 1. */
  int apiPort = 1;

  Runner runner =
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

  int run(String... arguments) {
    return run(environment(), arguments);
  }

  int run(HostEnvironment environment, String... arguments) {
    return Main.run(
        new Program(
            environment,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            () -> runner),
        arguments);
  }

  HostEnvironment environment() {
    return HostEnvironment.current().with(Map.of(ApiPlace.VARIABLE, "127.0.0.1:" + apiPort));
  }

  String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
