package io.teleproxy.cli;

import com.google.gson.JsonObject;
import io.teleproxy.config.Flags;
import io.teleproxy.spi.UserException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * A run's standard output for programs: one line of JSON when it is ready, or why it will not be.
 * What there is to know of a run that is ready, {@code status --json} tells.
 */
final class JsonReady extends PrintStream {
  private static final String READY = "ready: ";

  private JsonReady(PrintStream out) {
    super(out, true, StandardCharsets.UTF_8);
  }

  /** Runs as {@link Running} does. */
  static int run(Program program, Flags flags) throws Exception {
    PrintStream out = new JsonReady(program.out());
    try {
      return Running.run(
          new Program(program.environment(), out, program.err(), program.runner()), flags);
    } catch (UserException e) {
      JsonObject failed = new JsonObject();
      failed.addProperty("ready", false);
      failed.addProperty("error", String.valueOf(e.getMessage()));
      failed.addProperty("remedy", e.remedy());
      program.out().println(failed);
      throw e;
    }
  }

  @Override
  public void println(String line) {
    if (!line.startsWith(READY)) {
      super.println(line);
      return;
    }
    JsonObject ready = new JsonObject();
    ready.addProperty("ready", true);
    ready.addProperty("pid", ProcessHandle.current().pid());
    ready.addProperty("summary", line.substring(READY.length()));
    super.println(ready.toString());
  }
}
