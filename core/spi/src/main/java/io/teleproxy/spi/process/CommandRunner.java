package io.teleproxy.spi.process;

import java.io.IOException;
import java.util.List;

/**
 * Runs a command to its end. What changes the machine through one of these can be tested with one
 * that only writes down.
 */
@FunctionalInterface
public interface CommandRunner {
  /**
   * How a command ended.
   *
   * @param status exit status
   */
  record Outcome(int status, String output, String errors) {
    public boolean ok() {
      return status == 0;
    }

    /** What it had to say about a failure, in one line: of standard error, else of the output. */
    public String complaint() {
      for (String text : List.of(errors, output)) {
        for (String line : text.split("\n")) {
          // Remarks that begin so are of programs of Linux which warn on every call.
          if (!line.isBlank() && !line.startsWith("#")) {
            return line.strip();
          }
        }
      }
      return "exit status " + status;
    }
  }

  /**
   * Runs one command.
   *
   * @param command executable and arguments; no shell is involved
   * @param input for its standard input
   * @throws IOException if it cannot be started or does not end in time
   */
  Outcome run(List<String> command, String input) throws IOException;

  default Outcome run(List<String> command) throws IOException {
    return run(command, "");
  }
}
