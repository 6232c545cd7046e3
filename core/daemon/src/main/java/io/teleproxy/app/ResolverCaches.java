package io.teleproxy.app;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What other programs of this machine remember of names: systemd-resolved and the name service
 * cache daemon. When names get another meaning, they are told to forget. Thread-safe; nothing waits
 * for them, and nothing fails because of them.
 */
final class ResolverCaches implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ResolverCaches.class);

  private final Function<String, Optional<Path>> executables;
  private final Path resolved;
  private final Path nscd;

  /**
   * @param executables finds a program by name
   * @param resolved a file that is there while systemd-resolved runs
   * @param nscd a file that is there while nscd runs
   */
  ResolverCaches(Function<String, Optional<Path>> executables, Path resolved, Path nscd) {
    this.executables = executables;
    this.resolved = resolved;
    this.nscd = nscd;
  }

  /** With the places that both have on Linux. */
  static ResolverCaches ofThisMachine(Function<String, Optional<Path>> executables) {
    return new ResolverCaches(
        executables,
        Path.of("/run/systemd/resolve/io.systemd.Resolve"),
        Path.of("/run/nscd/socket"));
  }

  /** Tells those that run to forget, and returns at once. */
  void flush() {
    if (Files.exists(resolved)) {
      start("resolvectl", "flush-caches");
    }
    if (Files.exists(nscd)) {
      start("nscd", "-i", "hosts");
    }
  }

  /** At the end names mean again what they meant before. */
  @Override
  public void close() {
    flush();
  }

  private void start(String program, String... arguments) {
    Path file = executables.apply(program).orElse(null);
    if (file == null) {
      return;
    }
    List<String> words = new ArrayList<>(List.of(file.toString()));
    words.addAll(List.of(arguments));
    ProcessBuilder process =
        new ProcessBuilder(words)
            .redirectInput(new File("/dev/null"))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    process.environment().put("LC_ALL", "C");
    try {
      process
          .start()
          .onExit()
          .thenAccept(ended -> log.debug("{}: exit {}", words, ended.exitValue()));
    } catch (IOException e) {
      log.debug("{} does not start: others may remember names for as long as they like", words, e);
    }
  }
}
