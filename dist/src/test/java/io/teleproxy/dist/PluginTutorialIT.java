package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The commands of docs/plugins.md, in their order, and what comes of them. */
@Tag("privileged")
class PluginTutorialIT {
  private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();

  @Test
  void itsCommandsBuildAndInstallPluginsThatWork() throws IOException {
    Requirements.privileged();
    try (Namespace machine = Namespace.create();
        Product.User user = Product.user(machine)) {
      Command.of("ip", "-n", machine.name(), "route", "add", "local", "192.0.2.0/24", "dev", "lo")
          .run()
          .succeeded();
      // What an earlier run has left; the tutorial's reader has not got it.
      Command.of("rm", "-rf", PROJECT.resolve("target/examples").toString()).run().succeeded();
      List<String> said = new ArrayList<>();
      for (String commands : Examples.of("docs/plugins.md").under("## A tutorial").in("sh")) {
        said.add(
            Command.of("sh", "-eu", "-c", "cd \"$0\"\n" + commands, PROJECT.toString())
                .env("HOME", user.home().toString())
                .env("XDG_CONFIG_HOME", "")
                .env("JAVA_HOME", System.getProperty("java.home"))
                .run()
                .succeeded()
                .out());
      }
      assertThat(said).hasSizeGreaterThan(3);
      assertThat(String.join("", said))
          .contains("org.example.dashed.DashedResolver is a resolver", "dashed.jar: good")
          .contains("org.example.fixed.StaticWatcher is a watcher", "static.jar: good")
          .contains("applicable: names below ip.example")
          .contains("target/examples/first: FirstResolver", "\"usable\": true");
      aWatcherOfTheTemplateIsGood(user);

      try (Product product = user.start("run")) {
        product.awaitReady();
        Http http = new Http(machine);
        assertThat(http.dig("10-1-2-3.ip.example")).containsExactly("10.1.2.3");
        assertThat(http.dig("10-1-2-300.ip.example")).isEmpty();
        assertThat(http.dig("db.example")).containsExactly("198.51.100.9");
        assertThat(http.dig("any.first.example")).containsExactly("192.0.2.1");
        assertThat(http.dig("second.example")).containsExactly("192.0.2.1");
        assertThat(user.execute("tables", "static").succeeded().out()).contains("5432");
      }
    }
  }

  private static void aWatcherOfTheTemplateIsGood(Product.User user) {
    String commands =
        """
        docs/examples/new watcher second org.example.second target/examples/second
        target/examples/second/build target/examples/second "$1" target/examples/second.jar
        install -m 644 target/examples/second.jar "$HOME/.config/teleproxy/plugins/"
        """;
    Command.of("sh", "-euc", "cd \"$0\"\n" + commands, PROJECT.toString(), Product.HOME.toString())
        .env("HOME", user.home().toString())
        .env("JAVA_HOME", System.getProperty("java.home"))
        .run()
        .succeeded();
  }

  @Test
  void aJarThatWouldNotWorkIsRefusedBeforeItIsInstalled() throws IOException {
    Path jar = Files.createTempFile("teleproxy-it-", ".jar");
    try {
      Files.writeString(jar, "no jar");
      Command.Result result =
          Command.of(Product.LAUNCHER.toString(), "plugins", "verify", jar.toString()).run();
      assertThat(result.exit()).isEqualTo(2);
      assertThat(result.out()).contains("problem  it is not a jar file", "not usable as it is");
      assertThat(result.err()).isEmpty();
      Command.Result json =
          Command.of(Product.LAUNCHER.toString(), "plugins", "verify", "--json", jar.toString())
              .run();
      assertThat(json.exit()).isEqualTo(2);
      assertThat(json.out()).contains("\"usable\": false", "\"reason\": \"it is not a jar file");
    } finally {
      Files.delete(jar);
    }
  }
}
