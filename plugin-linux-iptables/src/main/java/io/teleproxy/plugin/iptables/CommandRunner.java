package io.teleproxy.plugin.iptables;

import java.io.IOException;
import java.util.List;

/** Runs a command to its end. */
@FunctionalInterface
interface CommandRunner {
  /**
   * How a command ended.
   *
   * @param status exit status
   */
  record Outcome(int status, String output, String errors) {
    boolean ok() {
      return status == 0;
    }

    /** The first line of standard error that says what went wrong; empty if none. */
    String firstError() {
      for (String line : errors.split("\n")) {
        // iptables-nft warns of tables of its other half on every call.
        if (!line.isBlank() && !line.startsWith("#")) {
          return line.trim();
        }
      }
      return "";
    }
  }

  /**
   * Runs one command.
   *
   * @param command executable and arguments
   * @param input for its standard input
   * @throws IOException if it cannot be started or does not end in time
   */
  Outcome run(List<String> command, String input) throws IOException;

  default Outcome run(List<String> command) throws IOException {
    return run(command, "");
  }
}
