package io.teleproxy.plugin.pf;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.spi.process.ProcessRunner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the journal holds, in a real shell, with programs that only write down. */
class UndoingTest {
  private final CommandRunner runner = new ProcessRunner(Duration.ofSeconds(60));
  @TempDir Path folder;
  private Tools tools;

  @BeforeEach
  void programs() throws IOException {
    tools =
        new Tools(
            runner,
            program("pfctl", "echo \"$@\" >>said; exit 1"),
            program("scutil", "cat >>said"),
            program("sysctl", "[ \"$*\" = '-n kern.bootsessionuuid' ] && cat boot"),
            folder);
    program("dscacheutil", "echo \"dscacheutil $@\" >>said");
    program("killall", "echo \"killall $@\" >>said");
    boot("7D3A");
  }

  @Test
  void givesATokenBackWhateverPfctlSaysOfIt() throws IOException {
    assertThat(runner.run(Undoing.token(tools, "11012949885072952621")).status()).isZero();
    assertThat(said()).isEqualTo("-X 11012949885072952621\n");
  }

  @Test
  void leavesATokenOfAnotherStartOfTheMachineAlone() throws IOException {
    var undo = Undoing.token(tools, "11012949885072952621");
    boot("another");
    assertThat(runner.run(undo).status()).isZero();
    assertThat(said()).isEmpty();
  }

  @Test
  void removesBothServicesFromTheDynamicStoreAndFlushes() throws IOException {
    assertThat(runner.run(Undoing.names(tools)).status()).isZero();
    assertThat(said())
        .isEqualTo(
            "remove "
                + DynamicStore.MATCH
                + "\nremove "
                + DynamicStore.SEARCH
                + "\nquit\ndscacheutil -flushcache\nkillall -HUP mDNSResponder\n");
  }

  @Test
  void flushesTheAnchor() {
    assertThat(Undoing.rules(tools))
        .containsExactly(tools.pfctl(), "-a", "com.apple/teleproxy", "-F", "all");
  }

  private void boot(String session) throws IOException {
    Files.writeString(folder.resolve("boot"), session + "\n");
  }

  private String said() throws IOException {
    Path file = folder.resolve("said");
    return Files.exists(file) ? Files.readString(file) : "";
  }

  private String program(String name, String body) throws IOException {
    Path file = folder.resolve(name);
    Files.writeString(file, "#!/bin/sh\ncd '" + folder + "'\n" + body + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
    return file.toString();
  }
}
