package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * teleproxy as a service of a real systemd, which is the first process of a copy of this machine:
 * what docs/operations.md lets its reader type, and what happens to the service afterwards.
 */
@Tag("privileged")
class ServiceIT {
  private static final int NO_SYSTEMD = 77;
  private static final String HELLO = "Hello from the demo cluster!";

  @Test
  void livesAsTheManagerWants(@TempDir Path folder) throws IOException {
    Requirements.privileged();
    Requirements.programs("systemd-nspawn", "apt", "useradd");
    Path machine = Files.createDirectory(folder.resolve("machine"));
    List<String> words =
        new ArrayList<>(
            List.of(
                script("systemd-machine").toString(),
                machine.toString(),
                script("service").toString()));
    words.add(Files.writeString(folder.resolve("package.sh"), block("sudo apt")).toString());
    words.add(Files.writeString(folder.resolve("archive.sh"), block("sudo mkdir")).toString());
    words.add(Files.writeString(folder.resolve("metrics.sh"), block("curl -sf")).toString());
    words.add(PackagesIT.only("teleproxy_*_amd64.deb", "-").toString());
    words.add(PackagesIT.only("teleproxy-*-linux-x86_64.tar.gz", "_amd64").toString());
    Command.Result result = Command.of(words.toArray(String[]::new)).run(Duration.ofMinutes(4));
    Assumptions.assumeTrue(
        result.exit() != NO_SYSTEMD, () -> "systemd does not boot here: " + result.err());
    List<String> said = result.succeeded().lines();
    assertThat(said.get(0)).startsWith("version: teleproxy ");
    assertThat(said.subList(1, said.size()))
        .containsExactly(
            "started: active, " + HELLO,
            "ready:        true",
            "metrics: teleproxy_component_ready{component=\"dns\"} 1",
            // By the manager, with nothing left of the one before.
            "killed: " + HELLO + ", 1 table, 2 processes",
            "unpacked: " + HELLO + ", the same: yes",
            "upgraded: " + HELLO + ", the same: no",
            "failures: 1",
            // What the machine is like now and was not before would be said after these.
            "stopped: inactive, success",
            "misconfigured: failed, exit 2",
            "teleproxy: /etc/teleproxy/teleproxy.conf:2: Key 'no such thing' may not be followed by"
                + " token: end of file. Correct it and start again.",
            "mended: " + HELLO,
            "purged: by hand exit 0, 0 units",
            "from the archive: active, " + HELLO,
            "done");
  }

  /** The commands of the document that begin so. */
  private static String block(String begins) {
    return Examples.of("docs/operations.md").in("sh").stream()
        .filter(block -> block.startsWith(begins))
        .findFirst()
        .orElseThrow();
  }

  private static Path script(String name) {
    return Path.of("src/test/sh", name).toAbsolutePath();
  }
}
