package io.teleproxy.net;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How many files this process has open, sockets included, and how many it may (RLIMIT_NOFILE). The
 * virtual machine raises its soft limit to the hard one when it starts (-XX:+MaxFDLimit).
 */
public record OpenFiles(long open, long limit) {
  private static final Path FILES = Path.of("/proc/self/fd");
  private static final Path LIMITS = Path.of("/proc/self/limits");
  private static final String LIMIT = "Max open files";

  /** As it is now; empty where the system does not tell (not Linux), or there is no limit. */
  public static Optional<OpenFiles> now() {
    try {
      for (String line : Files.readAllLines(LIMITS)) {
        if (line.startsWith(LIMIT)) {
          String soft = line.substring(LIMIT.length()).strip().split(" ", 2)[0];
          return soft.equals("unlimited")
              ? Optional.empty()
              : Optional.of(new OpenFiles(count(), Long.parseLong(soft)));
        }
      }
      return Optional.empty();
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** The folder's size is their number from Linux 6.2 on, and 0 before. */
  private static long count() throws IOException {
    long size = Files.size(FILES);
    if (size > 0) {
      return size;
    }
    long count = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(FILES)) {
      for (Path unused : files) {
        count++;
      }
    }
    return count;
  }
}
