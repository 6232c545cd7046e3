package io.teleproxy.config;

import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The folder in which a running teleproxy can be found, and the lock that lets only one run per
 * folder. Made by {@link #claim}, emptied and removed by {@link #close}. Not thread-safe.
 */
public final class RuntimeFolder implements AutoCloseable {
  /** Names another folder, for several runs on one machine. */
  public static final String VARIABLE = "TELEPROXY_RUNTIME_DIR";

  private static final Path OF_ROOT = Path.of("/run/teleproxy");
  private static final String LOCK = "lock";
  private static final String API = "api";

  private final Path folder;
  private final FileChannel lock;

  private RuntimeFolder(Path folder, FileChannel lock) {
    this.folder = folder;
    this.lock = lock;
  }

  /**
   * Where a running daemon's API listens.
   *
   * @param pid of the daemon
   */
  public record Api(String host, int port, long pid) {}

  /** The folder of a daemon that this process would be. */
  public static Path locate(HostEnvironment environment) {
    return candidates(environment).get(0);
  }

  /** The API of the daemon that runs here, whoever runs it; empty if none is announced. */
  public static Optional<Api> find(HostEnvironment environment) {
    for (Path folder : candidates(environment)) {
      Optional<Api> api = announced(folder);
      if (api.isPresent()) {
        return api;
      }
    }
    return Optional.empty();
  }

  private static List<Path> candidates(HostEnvironment environment) {
    Map<String, String> variables = environment.variables();
    String given = variables.getOrDefault(VARIABLE, "");
    if (!given.isEmpty()) {
      return List.of(Path.of(given).toAbsolutePath());
    }
    List<Path> folders = new ArrayList<>();
    if (!environment.privileged()) {
      String xdg = variables.getOrDefault("XDG_RUNTIME_DIR", "");
      folders.add(
          xdg.startsWith("/")
              ? Path.of(xdg, "teleproxy")
              : Path.of(System.getProperty("java.io.tmpdir"), "teleproxy-" + environment.uid()));
    }
    folders.add(OF_ROOT);
    return folders;
  }

  /**
   * Takes the folder for this process.
   *
   * @throws UserException if another teleproxy holds it, saying which and since when, or if it
   *     cannot be made
   */
  public static RuntimeFolder claim(Path folder) {
    try {
      prepare(folder);
      return new RuntimeFolder(folder, lock(folder));
    } catch (IOException e) {
      throw new UserException(
          "the runtime folder " + folder + " cannot be used: " + e,
          "Make it writable, or name another folder in " + VARIABLE + ".",
          e);
    }
  }

  /** Announces the API, replacing what was announced before. */
  public void announce(InetSocketAddress api) throws IOException {
    Path temporary = folder.resolve(API + ".new");
    String text =
        api.getAddress().getHostAddress()
            + " "
            + api.getPort()
            + " "
            + ProcessHandle.current().pid()
            + "\n";
    Files.writeString(temporary, text);
    Files.move(
        temporary,
        folder.resolve(API),
        StandardCopyOption.REPLACE_EXISTING,
        StandardCopyOption.ATOMIC_MOVE);
  }

  /** Removes everything and gives the lock up. Idempotent. */
  @Override
  public void close() throws IOException {
    if (!lock.isOpen()) {
      return;
    }
    try {
      Files.deleteIfExists(folder.resolve(API));
      Files.deleteIfExists(folder.resolve(LOCK));
      removeIfEmpty(folder);
    } finally {
      // The lock goes last: as long as it is held, nobody else writes here.
      lock.close();
    }
  }

  private static void removeIfEmpty(Path folder) {
    try {
      Files.deleteIfExists(folder);
    } catch (IOException e) {
      // Somebody else keeps something here (systemd's RuntimeDirectory, a mount): not ours.
    }
  }

  private static Optional<Api> announced(Path folder) {
    try {
      String[] words = Files.readString(folder.resolve(API)).strip().split(" ");
      return words.length == 3
          ? Optional.of(new Api(words[0], Integer.parseInt(words[1]), Long.parseLong(words[2])))
          : Optional.empty();
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static void prepare(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(folder);
      if (Files.getFileStore(folder).supportsFileAttributeView("posix")) {
        // Others may read where the API is; the API itself decides who may talk to it.
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
      }
    }
  }

  private static FileChannel lock(Path folder) throws IOException {
    Path path = folder.resolve(LOCK);
    while (true) {
      FileChannel channel =
          FileChannel.open(
              path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      boolean kept = false;
      try {
        Object opened = identity(path);
        FileLock lock = tryLock(channel);
        if (lock == null) {
          throw taken(channel);
        }
        // Its last holder may have deleted the file between our opening and locking it.
        if (opened != null && opened.equals(identity(path))) {
          write(channel);
          kept = true;
          return channel;
        }
      } finally {
        if (!kept) {
          channel.close();
        }
      }
      prepare(folder);
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  private static @Nullable Object identity(Path path) throws IOException {
    try {
      return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  private static void write(FileChannel channel) throws IOException {
    String text =
        ProcessHandle.current().pid() + " " + Instant.now().truncatedTo(ChronoUnit.SECONDS) + "\n";
    channel.truncate(0);
    channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)), 0);
  }

  private static UserException taken(FileChannel channel) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(128);
    channel.read(buffer, 0);
    String[] words =
        new String(buffer.array(), 0, buffer.position(), StandardCharsets.US_ASCII)
            .strip()
            .split(" ");
    String who = words.length == 2 ? " (pid " + words[0] + ", since " + words[1] + ")" : "";
    return new UserException(
        "another teleproxy is running here" + who, "Stop it with 'teleproxy stop'.");
  }
}
