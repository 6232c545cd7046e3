package io.teleproxy.plugin.nftables;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;

/**
 * A file that another process can read and that has no name, so that the kernel removes it with us.
 * It is reached by our descriptor in {@code /proc} (proc(5), {@code /proc/PID/fd/}).
 */
final class NamelessFile implements AutoCloseable {
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

  private final FileChannel channel;
  private final Path path;

  private NamelessFile(FileChannel channel, Path path) {
    this.channel = channel;
    this.path = path;
  }

  /**
   * Writes one.
   *
   * @throws FileSystemException if it cannot be written
   */
  static NamelessFile of(List<String> lines) throws IOException {
    Path name =
        Path.of(System.getProperty("java.io.tmpdir"), "teleproxy-" + UUID.randomUUID())
            .toAbsolutePath();
    // The name is gone before open returns, and with it any way to find the file on disk.
    FileChannel channel =
        FileChannel.open(
            name,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.WRITE,
            StandardOpenOption.DELETE_ON_CLOSE);
    try {
      ByteBuffer text =
          ByteBuffer.wrap((String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
      while (text.hasRemaining()) {
        channel.write(text);
      }
      return new NamelessFile(channel, descriptor(name.getFileName().toString()));
    } catch (IOException e) {
      channel.close();
      throw new FileSystemException(name.toString(), null, e.getMessage());
    }
  }

  /** Where another process of the same user finds it while it is open. */
  Path path() {
    return path;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** The JDK tells no descriptor's number; the kernel tells what each is. */
  private static Path descriptor(String name) throws IOException {
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(DESCRIPTORS)) {
      for (Path one : descriptors) {
        if (target(one).contains(name)) {
          return Path.of(
              "/proc",
              Long.toString(ProcessHandle.current().pid()),
              "fd",
              one.getFileName().toString());
        }
      }
    }
    throw new IOException("no descriptor of ours in " + DESCRIPTORS + " is that of " + name);
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      // Closed by another thread since.
      return "";
    }
  }
}
