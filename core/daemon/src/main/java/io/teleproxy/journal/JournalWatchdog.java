package io.teleproxy.journal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A shell that waits at the end of a pipe and, when that ends because we have died, runs {@code
 * teleproxy cleanup}. It costs a megabyte until then. Killed, it is started again. Any thread.
 */
public final class JournalWatchdog implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(JournalWatchdog.class);

  /** What ends us may end our whole group or session, not the watchdog. */
  private static final String SCRIPT =
      "trap '' HUP INT QUIT TERM; while read -r word; do [ \"$word\" != done ] || exit 0; done;"
          + " exec \"$@\" >&2";

  private final List<String> command;
  private Process process;
  private boolean closed;

  private JournalWatchdog(List<String> command) throws IOException {
    this.command = command;
    this.process = start();
  }

  /**
   * Starts one, in a session of its own where setsid(1) is there.
   *
   * @param executable finds programs
   * @param undo what is run when we have died
   */
  public static AutoCloseable start(Function<String, Optional<Path>> executable, List<String> undo)
      throws IOException {
    Optional<Path> shell = executable.apply("sh");
    if (shell.isEmpty()) {
      return () -> {};
    }
    List<String> command = new ArrayList<>();
    executable.apply("setsid").ifPresent(setsid -> command.add(setsid.toString()));
    command.addAll(List.of(shell.get().toString(), "-c", SCRIPT, "teleproxy-watchdog"));
    command.addAll(undo);
    return new JournalWatchdog(command);
  }

  /** {@code teleproxy cleanup}, by this virtual machine and these jars. */
  public static List<String> cleanup() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        "-XX:-UsePerfData",
        "-Dteleproxy.home=" + System.getProperty("teleproxy.home", "."),
        "-cp",
        System.getProperty("java.class.path", ""),
        "io.teleproxy.cli.Main",
        "cleanup");
  }

  private Process start() throws IOException {
    Process started =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    var unused = started.onExit().thenRun(this::ended);
    return started;
  }

  private synchronized void ended() {
    if (closed) {
      return;
    }
    try {
      process = start();
      log.warn("journal: the watchdog had ended; it was started again");
    } catch (IOException e) {
      log.warn("journal: the watchdog has ended and does not start: {}", e.getMessage());
    }
  }

  /** There is nothing left to undo: it ends. */
  @Override
  public void close() throws IOException {
    Process last;
    synchronized (this) {
      closed = true;
      last = process;
    }
    try (var input = last.getOutputStream()) {
      input.write("done\n".getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      // It is dead already.
    }
    try {
      if (!last.waitFor(2, TimeUnit.SECONDS)) {
        last.destroyForcibly();
      }
    } catch (InterruptedException e) {
      last.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
