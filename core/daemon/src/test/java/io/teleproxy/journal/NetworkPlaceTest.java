package io.teleproxy.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class NetworkPlaceTest {
  private static final String HERE = "0123abcd.4026531840-";

  @TempDir Path machine;

  @Test
  @EnabledOnOs(OS.LINUX)
  void isOfThisBootAndNetwork() {
    assertThat(NetworkPlace.here()).matches("[0-9a-f]{8}\\.\\d+-");
  }

  @Test
  void isAnotherNetworkOnlyWithinOneBoot() {
    assertThat(NetworkPlace.isElsewhere(HERE, "run-0123abcd.4026532999-17.journal")).isTrue();
    assertThat(NetworkPlace.isElsewhere(HERE, "run-0123abcd.4026531840-17.journal")).isFalse();
    assertThat(NetworkPlace.isElsewhere(HERE, "run-99999999.4026532999-17.journal")).isFalse();
    assertThat(NetworkPlace.isElsewhere(HERE, "run-17.journal")).isFalse();
    assertThat(NetworkPlace.isElsewhere("", "run-0123abcd.4026532999-17.journal")).isFalse();
  }

  @Test
  void whatWasNotedElsewhereIsLeftToThoseWhoLiveThere() throws IOException {
    Path folder = machine.resolve("teleproxy");
    Path trace = machine.resolve("undone");
    JournalFolder here = new JournalFolder(folder, HERE);
    JournalFolder there = new JournalFolder(folder, "0123abcd.7-");
    JournalFolder.Held held = there.create();
    JournalFolder.write(
        held.channel(),
        JournalLines.noted(
            1, new CommandUndo("a line", List.of("/bin/sh", "-c", "echo done >" + trace))));
    held.channel().close();

    List<String> undone = new ArrayList<>();
    here.recover(undone::add);
    assertThat(undone).isEmpty();
    assertThat(trace).doesNotExist();

    there.recover(undone::add);
    assertThat(undone).containsExactly("a line");
    assertThat(trace).exists();
    assertThat(Files.exists(folder)).isFalse();
  }
}
