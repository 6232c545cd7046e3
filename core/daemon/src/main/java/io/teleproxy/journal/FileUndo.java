package io.teleproxy.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A file that was created or replaced. */
final class FileUndo implements Undo {
  /** What is larger is no configuration, and not for a journal. */
  private static final long LARGEST = 1 << 20;

  private final Path file;
  private final Optional<Before> before;
  private final byte[] ours;
  private final List<Path> folders;

  /**
   * A file as it was.
   *
   * @param modified when somebody had written it: those who look only at that see no change of ours
   */
  @SuppressWarnings("ArrayRecordComponent")
  record Before(byte[] contents, FileTime modified) {}

  /**
   * @param before what was in it; empty if there was no file
   * @param ours what we have put there
   * @param folders that did not exist before, outermost first
   */
  FileUndo(Path file, Optional<Before> before, byte[] ours, List<Path> folders) {
    this.file = file;
    this.before = before;
    this.ours = ours;
    this.folders = List.copyOf(folders);
  }

  /** The file as it is, and what it is to become. */
  static FileUndo before(Path file, byte[] ours) throws IOException {
    if (!file.isAbsolute()) {
      throw new IllegalArgumentException("file: " + file + " (expected: an absolute path)");
    }
    Path real = Files.exists(file) ? file.toRealPath() : file;
    List<Path> folders = new ArrayList<>();
    for (Path above = real.getParent();
        above != null && !Files.exists(above);
        above = above.getParent()) {
      folders.add(0, above);
    }
    if (!Files.exists(real)) {
      return new FileUndo(real, Optional.empty(), ours, folders);
    }
    if (!Files.isRegularFile(real) || Files.size(real) > LARGEST) {
      throw new IOException(real + " is not a file of at most " + LARGEST + " bytes");
    }
    Before before = new Before(Files.readAllBytes(real), Files.getLastModifiedTime(real));
    return new FileUndo(real, Optional.of(before), ours, folders);
  }

  @Override
  public String what() {
    return "file " + file;
  }

  Path file() {
    return file;
  }

  Optional<Before> before() {
    return before;
  }

  byte[] ours() {
    return ours;
  }

  List<Path> folders() {
    return folders;
  }

  /** Makes the change. */
  void make() throws IOException {
    for (Path folder : folders) {
      Files.createDirectories(folder);
    }
    write(ours);
  }

  @Override
  public String run() throws IOException {
    Files.deleteIfExists(draft());
    String done = "";
    if (Files.exists(file) && isOurs(Files.readAllBytes(file))) {
      if (before.isPresent()) {
        write(before.get().contents());
        Files.setLastModifiedTime(file, before.get().modified());
      } else {
        Files.delete(file);
      }
      done = what();
    }
    for (int i = folders.size() - 1; i >= 0; i--) {
      try {
        Files.deleteIfExists(folders.get(i));
      } catch (DirectoryNotEmptyException e) {
        // Somebody else uses it since.
        break;
      }
    }
    return done;
  }

  /** Also if we were killed while we wrote it in place. */
  private boolean isOurs(byte[] now) {
    return now.length <= ours.length && Arrays.equals(now, Arrays.copyOf(ours, now.length));
  }

  /**
   * Other readers see the old contents or the new. Not so where nothing can be put in the file's
   * place: one that is mounted by itself, as in containers, one in a folder that is read-only, one
   * that would come out as somebody else's. Those are written in place.
   */
  private void write(byte[] contents) throws IOException {
    if (!isReplacedBy(contents)) {
      write(file, contents);
    }
  }

  private boolean isReplacedBy(byte[] contents) throws IOException {
    Path draft = draft();
    try {
      Files.deleteIfExists(draft);
      if (!Files.exists(file)) {
        Files.createFile(draft);
      } else {
        Files.copy(file, draft, StandardCopyOption.COPY_ATTRIBUTES);
        if (!owner(draft).equals(owner(file))) {
          return false;
        }
      }
      write(draft, contents);
      Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
      return true;
    } catch (FileSystemException e) {
      // Nothing else: on a full disk, the old contents must not be cut off first.
      String reason = String.valueOf(e.getReason());
      boolean place =
          e instanceof AccessDeniedException
              || reason.contains("resource busy")
              || reason.contains("Read-only");
      if (!place || !Files.exists(file)) {
        throw e;
      }
      return false;
    } finally {
      if (Files.exists(draft)) {
        Files.delete(draft);
      }
    }
  }

  private static Map<String, Object> owner(Path file) throws IOException {
    return file.getFileSystem().supportedFileAttributeViews().contains("unix")
        ? Files.readAttributes(file, "unix:uid,gid,mode")
        : Map.of();
  }

  private static void write(Path to, byte[] contents) throws IOException {
    try (FileChannel channel =
        FileChannel.open(to, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer bytes = ByteBuffer.wrap(contents);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
  }

  /** Always the same, so that undoing finds it if we are killed while we write. */
  private Path draft() {
    return file.resolveSibling("." + file.getFileName() + ".teleproxy");
  }
}
