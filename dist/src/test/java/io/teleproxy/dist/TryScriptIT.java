package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The script that people with a Mac are asked to run works, and finds nothing to complain of where
 * all is well: here, on Linux.
 */
@Tag("privileged")
class TryScriptIT {
  private static final Path SCRIPT = Path.of("../plugin-macos-pf/try-on-a-mac").toAbsolutePath();

  @Test
  void findsThatAllIsWell(@TempDir Path folder) throws IOException, InterruptedException {
    Requirements.privileged();
    try (Namespace machine = Namespace.create()) {
      // What is not intercepted comes back to the machine itself, where nobody listens.
      for (String network : new String[] {"198.51.100.0/24", "192.0.2.0/24", "2001:db8::/32"}) {
        Command.of("ip", "-n", machine.name(), "route", "add", "local", network, "dev", "lo")
            .run()
            .succeeded();
      }
      Path said = folder.resolve("said");
      Process script =
          machine
              .command("sh", SCRIPT.toString(), Product.HOME.toString())
              .env("TMPDIR", folder.toString())
              .env("JAVA_HOME", System.getProperty("java.home"))
              .env("HOME", folder.toString())
              .start(said, folder.resolve("errors"));
      assertThat(script.waitFor(10, TimeUnit.MINUTES)).isTrue();
      String verdict = Files.readString(said) + Files.readString(folder.resolve("errors"));
      assertThat(script.exitValue()).as(verdict).isZero();
      assertThat(verdict).contains("verdict: all ").doesNotContain("FAILED");
    }
  }
}
