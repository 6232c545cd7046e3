package io.teleproxy.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.teleproxy.spi.Journal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileJournalTest {
  private static final byte[] OURS = bytes("nameserver 127.0.0.1\n");

  @TempDir Path machine;

  @Test
  void aRunThatNotesNothingLeavesNoFile() throws IOException {
    try (FileJournal journal = journal()) {
      assertThat(journal).isNotNull();
    }
    assertThat(machine).isEmptyDirectory();
  }

  @Test
  void aChangeIsOnDiskBeforeItIsMadeAndStruckOutWhenUndone() throws IOException {
    try (FileJournal journal = journal()) {
      Journal.Entry entry = journal.note("a line", appending("one"));
      assertThat(onDisk()).contains("\"what\":\"a line\"");

      entry.undo();
      entry.undo();
      assertThat(undone()).containsExactly("one");
      assertThat(folder()).doesNotExist();
    }
  }

  @Test
  void closingUndoesTheLastFirstAndEachInSpiteOfFailures() throws IOException {
    FileJournal journal = journal();
    journal.note("first", appending("first"));
    journal.note("broken", List.of("/bin/sh", "-c", "echo no such address; exit 3"));
    journal.note("last", appending("last"));

    assertThatThrownBy(journal::close)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("broken: /bin/sh -c")
        .hasMessageContaining("exit 3: no such address");
    assertThat(undone()).containsExactly("last", "first");
    assertThatThrownBy(() -> new JournalFolder(folder()).recover(line -> {}))
        .hasMessageContaining("broken cannot be undone");
  }

  @Test
  void aReplacedFileGetsItsContentsAndKeepsItsMode() throws IOException {
    Path file = Files.writeString(machine.resolve("resolv.conf"), "nameserver 192.0.2.1\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    Path link = Files.createSymbolicLink(machine.resolve("link"), file);

    try (FileJournal journal = journal()) {
      journal.replace(link, OURS);
      assertThat(file).hasBinaryContent(OURS);
      assertThat(link).isSymbolicLink();
    }
    assertThat(file).hasContent("nameserver 192.0.2.1\n");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-r-----");
    assertThat(machine.toFile().list()).containsExactlyInAnyOrder("resolv.conf", "link");
  }

  @Test
  void aNewFileIsGoneWithTheFoldersThatItNeeded() throws IOException {
    try (FileJournal journal = journal()) {
      journal.replace(machine.resolve("etc/resolver/cluster.local"), OURS);
      assertThat(machine.resolve("etc/resolver/cluster.local")).hasBinaryContent(OURS);
    }
    assertThat(machine).isEmptyDirectory();
  }

  @Test
  void whatOthersHaveWrittenSinceIsLeftAlone() throws IOException {
    Path file = machine.resolve("etc/resolver/cluster.local");
    try (FileJournal journal = journal()) {
      journal.replace(file, OURS);
      Files.writeString(file, "theirs");
      Files.writeString(file.resolveSibling("another"), "theirs, too");
    }
    assertThat(file).hasContent("theirs");
    assertThat(file.resolveSibling("another")).exists();
    assertThat(folder()).doesNotExist();
  }

  @Test
  void aChangeThatCannotBeMadeIsNotNoted() throws IOException {
    try (FileJournal journal = journal()) {
      assertThatThrownBy(() -> journal.replace(Path.of("/proc/teleproxy"), OURS))
          .isInstanceOf(IOException.class);
      assertThat(folder()).doesNotExist();
    }
  }

  @Test
  void recoveryUndoesWhatADeadRunHasNotedToTheLastWholeLine() throws IOException {
    Path file = machine.resolve("etc/hosts");
    String left;
    FileJournal dead = journal();
    dead.note("a line", appending("line"));
    dead.note("struck out", appending("never")).undo();
    dead.replace(file, OURS);
    left = onDisk();
    dead.close();
    assertThat(folder()).doesNotExist();
    Files.createDirectories(folder());
    Files.writeString(
        folder().resolve("run-1.journal"), left + "{\"id\":9,\"what\":\"not to the e");
    Files.createDirectories(file.getParent());
    Files.write(file, OURS);

    List<String> undone = new ArrayList<>();
    new JournalFolder(folder()).recover(undone::add);

    assertThat(undone).containsExactly("file " + file, "a line");
    assertThat(file).doesNotExist();
    assertThat(folder()).doesNotExist();
  }

  @Test
  void recoveryLeavesLivingRunsAlone() throws IOException {
    try (FileJournal journal = journal()) {
      journal.note("a line", appending("one"));
      new JournalFolder(folder()).recover(line -> {});
      assertThat(undone()).isEmpty();
    }
    assertThat(undone()).containsExactly("one");
  }

  @Test
  void aFolderThatOthersCanWriteIsNotTrusted() throws IOException {
    Files.createDirectories(folder());
    Files.setPosixFilePermissions(folder(), PosixFilePermissions.fromString("rwxrwxrwx"));
    assertThatThrownBy(() -> new JournalFolder(folder()).recover(line -> {}))
        .hasMessageContaining("can be written by others than root");
  }

  @Test
  void killedTheWatchdogUndoesIt() throws Exception {
    Path file = machine.resolve("etc/resolver/cluster.local");
    Process run = JournalHolder.java("hold", folder().toString(), file.toString()).start();
    try {
      assertThat(run.inputReader().readLine()).isEqualTo("noted");
      assertThat(file).exists();
    } finally {
      run.destroyForcibly();
    }
    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(() -> assertThat(machine).isEmptyDirectory());
  }

  private FileJournal journal() {
    return new FileJournal(new JournalFolder(folder()), () -> () -> {});
  }

  private Path folder() {
    return machine.resolve("journals");
  }

  private String onDisk() throws IOException {
    try (var files = Files.list(folder())) {
      return Files.readString(files.findFirst().orElseThrow());
    }
  }

  private List<String> appending(String word) {
    return List.of("/bin/sh", "-c", "echo " + word + " >> " + machine.resolve("undone"));
  }

  private List<String> undone() throws IOException {
    Path file = machine.resolve("undone");
    return Files.exists(file) ? Files.readAllLines(file) : List.of();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
