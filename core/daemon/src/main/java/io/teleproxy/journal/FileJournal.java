package io.teleproxy.journal;

import io.teleproxy.spi.Journal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * This run's journal. Nothing is on disk, and no watchdog runs, before the first change is noted.
 * All state is guarded by this.
 */
public final class FileJournal implements Journal, AutoCloseable {
  private final JournalFolder folder;
  private final Callable<? extends AutoCloseable> watchdogs;
  private final Map<Integer, Noted> open = new TreeMap<>();
  private JournalFolder.@Nullable Held held;
  private @Nullable AutoCloseable watchdog;
  private int lastId;

  /**
   * @param watchdogs starts what recovers the folder if we die before it is closed
   */
  public FileJournal(JournalFolder folder, Callable<? extends AutoCloseable> watchdogs) {
    this.folder = folder;
    this.watchdogs = watchdogs;
  }

  @Override
  public Entry note(String what, List<String> undo) throws IOException {
    return note(new CommandUndo(what, undo));
  }

  @Override
  public synchronized Entry replace(Path file, byte[] contents) throws IOException {
    FileUndo change = FileUndo.before(file, contents.clone());
    Noted noted = note(change);
    try {
      change.make();
    } catch (IOException e) {
      try {
        noted.undo();
      } catch (IOException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
    return noted;
  }

  private synchronized Noted note(Undo undo) throws IOException {
    if (watchdog == null) {
      try {
        watchdog = watchdogs.call();
      } catch (IOException | RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new IOException(e);
      }
    }
    Noted noted = new Noted(++lastId, undo);
    write(JournalLines.noted(noted.id, undo));
    open.put(noted.id, noted);
    return noted;
  }

  private void write(String line) throws IOException {
    JournalFolder.Held file = held;
    if (file == null) {
      file = folder.create();
      held = file;
    }
    JournalFolder.write(file.channel(), line);
  }

  private synchronized void undo(Noted noted) throws IOException {
    if (!open.containsKey(noted.id)) {
      return;
    }
    noted.undo.run();
    open.remove(noted.id);
    if (open.isEmpty()) {
      JournalFolder.Held file = held;
      held = null;
      if (file != null) {
        folder.remove(file);
      }
    } else {
      write(JournalLines.undone(noted.id));
    }
  }

  /**
   * Undoes what is still noted, last first, each step in spite of the others' failure.
   *
   * @throws IOException naming what is left; it stays in the journal
   */
  @Override
  public synchronized void close() throws IOException {
    List<Noted> lastFirst = new ArrayList<>(open.values());
    Collections.reverse(lastFirst);
    List<String> failures = new ArrayList<>();
    for (Noted noted : lastFirst) {
      try {
        noted.undo();
      } catch (IOException e) {
        failures.add(noted.what() + ": " + e.getMessage());
      }
    }
    JournalFolder.Held file = held;
    if (file != null) {
      file.channel().close();
    }
    AutoCloseable started = watchdog;
    watchdog = null;
    if (started != null) {
      try {
        started.close();
      } catch (Exception e) {
        failures.add("the watchdog does not end: " + e.getMessage());
      }
    }
    if (!failures.isEmpty()) {
      throw new IOException(
          "not undone (the next start and 'teleproxy cleanup' try again): "
              + String.join("; ", failures));
    }
  }

  private final class Noted implements Entry {
    private final int id;
    private final Undo undo;

    Noted(int id, Undo undo) {
      this.id = id;
      this.undo = undo;
    }

    @Override
    public String what() {
      return undo.what();
    }

    @Override
    public void undo() throws IOException {
      FileJournal.this.undo(this);
    }
  }
}
