package io.teleproxy.testkit;

import io.teleproxy.spi.Journal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Changes files and puts them back, but runs no commands: sessions undo those themselves. */
final class PaperJournal implements Journal {
  private interface Undoing {
    void run() throws IOException;
  }

  private record Noted(String what, Undoing undoing) implements Entry {
    @Override
    public void undo() throws IOException {
      undoing.run();
    }
  }

  @Override
  public Entry note(String what, List<String> undo) {
    return new Noted(what, () -> {});
  }

  @Override
  public Entry replace(Path file, byte[] contents) throws IOException {
    byte[] before = Files.readAllBytes(file);
    Files.write(file, contents);
    return new Noted("file " + file, () -> Files.write(file, before));
  }
}
