package io.teleproxy.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the product's class-data archive anew where the one that is there was made by another build
 * of Java, so that the next start is as fast as it can be. A virtual machine of its own does it,
 * with the least of the processors' time; it ends with us, however that comes about.
 */
final class ClassDataRenewal implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ClassDataRenewal.class);

  /** Set by the launcher, to the build of Java, where the archive is of another. */
  private static final String WANTED = "teleproxy.class-data";

  private final Path home;
  private final String build;
  private @Nullable Process process;
  private boolean closed;

  private ClassDataRenewal(Path home, String build) {
    this.home = home;
    this.build = build;
  }

  /** Whether there is anything to do; the archive must be ours to replace. */
  static boolean wanted() {
    String home = System.getProperty("teleproxy.home", "");
    return !System.getProperty(WANTED, "").isEmpty()
        && !home.isEmpty()
        && Files.isWritable(Path.of(home, "lib"));
  }

  static ClassDataRenewal ofThisProduct() {
    return new ClassDataRenewal(
        Path.of(System.getProperty("teleproxy.home", "")), System.getProperty(WANTED, ""));
  }

  /** Takes some seconds; does nothing once closed. */
  void run() throws InterruptedException {
    Path archive = home.resolve("lib/teleproxy.jsa");
    Path made = archive.resolveSibling("teleproxy.jsa.new");
    try {
      Process started = start();
      if (started == null) {
        return;
      }
      int status = started.waitFor();
      if (status == 0) {
        Files.move(
            made, archive, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        Files.writeString(archive.resolveSibling("teleproxy.jsa.java"), build + "\n");
        log.info("the next start is faster: {} is for this Java now", archive);
      } else {
        log.debug("class-data archive: exit status {}", status);
      }
    } catch (IOException e) {
      log.debug("class-data archive", e);
    } finally {
      remove(made);
    }
  }

  private synchronized @Nullable Process start() throws IOException {
    if (closed) {
      return null;
    }
    List<String> words = new ArrayList<>();
    if (Files.isExecutable(Path.of("/usr/bin/setpriv"))) {
      words.addAll(List.of("setpriv", "--pdeathsig", "KILL", "nice", "-n", "19"));
    }
    words.add(home.resolve("bin/teleproxy").toString());
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().put("TELEPROXY_PACKAGE", "class-data-anew");
    builder.environment().put("JAVA_HOME", System.getProperty("java.home", ""));
    builder
        .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD);
    process = builder.start();
    return process;
  }

  @Override
  public synchronized void close() {
    closed = true;
    Process started = process;
    if (started != null && started.isAlive()) {
      started.destroyForcibly();
      remove(home.resolve("lib/teleproxy.jsa.new"));
    }
  }

  private static void remove(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      log.debug("class-data archive", e);
    }
  }
}
