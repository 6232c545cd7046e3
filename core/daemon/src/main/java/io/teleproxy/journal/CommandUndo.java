package io.teleproxy.journal;

import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.spi.process.ProcessRunner;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A change that a command undoes. */
record CommandUndo(String what, List<String> command) implements Undo {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  CommandUndo {
    command = List.copyOf(command);
    if (command.isEmpty() || !Path.of(command.get(0)).isAbsolute()) {
      throw new IllegalArgumentException(
          "undo: " + command + " (expected: a program's absolute path and its arguments)");
    }
  }

  @Override
  public String run() throws IOException {
    CommandRunner.Outcome outcome = new ProcessRunner(TIMEOUT).run(command);
    if (!outcome.ok()) {
      throw new IOException(
          this + " failed (exit " + outcome.status() + ": " + outcome.complaint() + ")");
    }
    return what;
  }

  @Override
  public String toString() {
    return String.join(" ", command);
  }
}
