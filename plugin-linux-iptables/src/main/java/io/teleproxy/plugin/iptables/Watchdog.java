package io.teleproxy.plugin.iptables;

import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * A shell that outlives us and removes our rules if we die without having done so. It waits at the
 * end of a pipe, in a session of its own, and costs a megabyte; what it does is in {@code
 * watchdog.sh}. For one thread.
 */
final class Watchdog implements AutoCloseable {
  private static final String SCRIPT = "watchdog.sh";

  private final Process process;
  private final Writer pipe;

  private Watchdog(Process process) {
    this.process = process;
    this.pipe = process.outputWriter(StandardCharsets.UTF_8);
  }

  /**
   * What a watchdog needs.
   *
   * @param enter puts a command into the namespace where it shall run
   * @param setsid path of setsid(1)
   * @param conntrack path of conntrack(8), or empty
   * @param ipset path of ipset(8), or empty
   */
  record Kit(
      UnaryOperator<List<String>> enter,
      String setsid,
      String conntrack,
      String ipset,
      List<Xtables> tools) {
    Watchdog start() throws IOException {
      // "--wait" is not given: without a terminal setsid only replaces itself by the shell.
      List<String> words =
          new ArrayList<>(
              List.of(setsid, "sh", "-c", script(), "teleproxy-watchdog", conntrack, ipset));
      for (Xtables xtables : tools) {
        words.add(xtables.save().toString());
        words.add(xtables.restore().toString());
      }
      ProcessBuilder builder = new ProcessBuilder(enter.apply(words));
      builder.environment().put("LC_ALL", "C");
      builder
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .redirectError(ProcessBuilder.Redirect.INHERIT);
      return new Watchdog(builder.start());
    }
  }

  Process process() {
    return process;
  }

  boolean alive() {
    return process.isAlive();
  }

  /** There is nothing left to undo: it ends. */
  @Override
  public void close() throws IOException {
    try (pipe) {
      pipe.write("done\n");
    } catch (IOException e) {
      // It is dead already.
    }
    try {
      if (!process.waitFor(2, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private static String script() throws IOException {
    try (InputStream script = Watchdog.class.getResourceAsStream(SCRIPT)) {
      if (script == null) {
        throw new IOException(SCRIPT + " is missing in the plugin's jar");
      }
      return new String(script.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
