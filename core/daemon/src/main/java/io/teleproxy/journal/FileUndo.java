package io.teleproxy.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A file that was created or replaced. */
final class FileUndo implements Undo {
  /** What is larger is no configuration, and not for a journal. */
  private static final long LARGEST = 1 << 20;

  private final Path file;
  private final Optional<byte[]> before;
  private final byte[] ours;
  private final List<Path> folders;

  /**
   * @param before what was in it; empty if there was no file
   * @param ours what we have put there
   * @param folders that did not exist before, outermost first
   */
  FileUndo(Path file, Optional<byte[]> before, byte[] ours, List<Path> folders) {
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
    return new FileUndo(real, Optional.of(Files.readAllBytes(real)), ours, folders);
  }

  @Override
  public String what() {
    return "file " + file;
  }

  Path file() {
    return file;
  }

  Optional<byte[]> before() {
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
    if (Files.exists(file) && Arrays.equals(Files.readAllBytes(file), ours)) {
      if (before.isPresent()) {
        write(before.get());
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

  /** Other readers see the old contents or the new, with the same owner and mode. */
  private void write(byte[] contents) throws IOException {
    Path draft = draft();
    try {
      Files.deleteIfExists(draft);
      try {
        Files.copy(file, draft, StandardCopyOption.COPY_ATTRIBUTES);
      } catch (NoSuchFileException e) {
        Files.createFile(draft);
      }
      try (FileChannel channel =
          FileChannel.open(draft, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
        ByteBuffer bytes = ByteBuffer.wrap(contents);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Files.deleteIfExists(draft);
      throw e;
    }
  }

  /** Always the same, so that undoing finds it if we are killed while we write. */
  private Path draft() {
    return file.resolveSibling("." + file.getFileName() + ".teleproxy");
  }
}
