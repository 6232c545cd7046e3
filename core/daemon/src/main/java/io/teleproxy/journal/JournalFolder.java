package io.teleproxy.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Where journals lie, one file per run that has noted something. A run holds a lock on its file;
 * the kernel drops it with the process (fcntl(2); it would drop it, too, if the process closed
 * another descriptor of that file, so all goes through one channel). So whoever gets the lock knows
 * that the run is dead, and undoes what it has left. What is in a journal is carried out by root:
 * only root may write there.
 */
public final class JournalFolder {
  private static final String PREFIX = "run-";
  private static final String SUFFIX = ".journal";

  private final Path folder;
  private final String place;

  /** A folder that is made when something is noted, and removed when nothing is left to undo. */
  public JournalFolder(Path folder) {
    this(folder, "");
  }

  /**
   * @param place where its changes are made, if that is not all of the machine. What was noted in
   *     another place that is still there is left to those who live there
   */
  JournalFolder(Path folder, String place) {
    this.folder = folder;
    this.place = place;
  }

  /** This machine's: on disk, since files and settings outlive the kernel. */
  public static JournalFolder ofMachine(String os) {
    return new JournalFolder(folder(os), os.equals("linux") ? NetworkPlace.here() : "");
  }

  private static Path folder(String os) {
    return switch (os) {
      case "macos" -> Path.of("/var/db/teleproxy");
      case "windows" ->
          // Others may create folders in ProgramData, and so own what we would trust.
          Path.of(
              System.getenv().getOrDefault("SystemRoot", "C:\\Windows"),
              "System32",
              "config",
              "teleproxy");
      default -> Path.of("/var/lib/teleproxy");
    };
  }

  /**
   * Undoes what dead runs have left, each step in spite of the others' failure. To be called before
   * this process notes anything itself.
   *
   * @param undone told what each change was, after it was undone
   * @throws IOException naming what is left, and in which file
   */
  public void recover(Consumer<String> undone) throws IOException {
    List<String> failures = new ArrayList<>();
    if (!Files.isDirectory(folder)) {
      return;
    }
    requireOurs();
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> listing = Files.newDirectoryStream(folder, PREFIX + "*" + SUFFIX)) {
      for (Path file : listing) {
        if (!NetworkPlace.isElsewhere(place, file.getFileName().toString())) {
          files.add(file);
        }
      }
    }
    for (Path file : files) {
      recover(file, undone, failures);
    }
    tidy();
    if (!failures.isEmpty()) {
      throw new IOException(String.join("; ", failures));
    }
  }

  private static void recover(Path file, Consumer<String> undone, List<String> failures)
      throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      if (!lock(channel)) {
        return;
      }
      Map<Integer, Undo> open = JournalLines.read(read(channel));
      List<Map.Entry<Integer, Undo>> lastFirst = new ArrayList<>(open.entrySet());
      Collections.reverse(lastFirst);
      boolean left = false;
      for (Map.Entry<Integer, Undo> noted : lastFirst) {
        Undo undo = noted.getValue();
        try {
          String done = undo.run();
          if (!done.isEmpty()) {
            undone.accept(done);
          }
          write(channel, JournalLines.undone(noted.getKey()));
        } catch (IOException e) {
          left = true;
          failures.add(undo.what() + " cannot be undone, as " + file + " asks: " + e.getMessage());
        }
      }
      if (!left) {
        Files.delete(file);
      }
    } catch (NoSuchFileException e) {
      // Another process has done it meanwhile.
    } catch (IllegalArgumentException e) {
      failures.add(file + " cannot be read: " + e.getMessage());
    }
  }

  /** A new file, which we hold. */
  Held create() throws IOException {
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(folder);
      if (isUnix()) {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
      }
    }
    requireOurs();
    while (true) {
      Path file = Files.createTempFile(folder, PREFIX + place, SUFFIX);
      FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
      // Between these two lines somebody who recovers may have taken it for a dead run's.
      if (lock(channel) && Files.exists(file)) {
        return new Held(file, channel);
      }
      channel.close();
    }
  }

  /** Removes a journal in which nothing is left, and the folder if that was the last. */
  void remove(Held held) throws IOException {
    Files.deleteIfExists(held.file());
    held.channel().close();
    tidy();
  }

  /**
   * A journal of our own.
   *
   * @param channel holds the lock until it is closed
   */
  record Held(Path file, FileChannel channel) {}

  private void tidy() throws IOException {
    try {
      Files.deleteIfExists(folder);
    } catch (DirectoryNotEmptyException e) {
      // Of another run, or one that could not be undone.
    }
  }

  private void requireOurs() throws IOException {
    if (!isUnix()) {
      return;
    }
    Map<String, Object> attributes = Files.readAttributes(folder, "unix:uid,mode");
    boolean ours =
        Integer.valueOf(0).equals(attributes.get("uid"))
            || Files.getOwner(folder).getName().equals(System.getProperty("user.name"));
    int mode = ((Number) attributes.getOrDefault("mode", 0)).intValue();
    if (!ours || (mode & 022) != 0) {
      throw new IOException(
          folder + " can be written by others than root; look at what is in it, and remove it");
    }
  }

  private boolean isUnix() {
    return folder.getFileSystem().supportedFileAttributeViews().contains("unix");
  }

  private static String read(FileChannel channel) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) channel.size());
    while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
      // Until it is full, or the file has become shorter.
    }
    return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
  }

  /** Appends a line; if that fails, nothing of it stays. */
  static void write(FileChannel channel, String line) throws IOException {
    long before = channel.size();
    try {
      ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
      channel.position(before);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(false);
    } catch (IOException e) {
      // Half a line would spoil the next one.
      channel.truncate(before);
      throw e;
    }
  }

  /** Whether nobody else holds it, this process included. */
  private static boolean lock(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }
}
