package io.teleproxy.plugin.nftables;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs a command that needs no input and should be done at once. */
final class ShortCommand {
  private static final long TIMEOUT_SECONDS = 2;

  private ShortCommand() {}

  /**
   * What it wrote to standard output, whatever its exit status.
   *
   * @throws IOException if it cannot be started or does not end in time
   */
  static String output(List<String> command) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("LC_ALL", "C");
    Process process = builder.start();
    process.getOutputStream().close();
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    Thread reader =
        new Thread(() -> drain(process.getInputStream(), output), "linux-nftables-command");
    reader.setDaemon(true);
    reader.start();
    try {
      // The end of its output is the end of it.
      reader.join(TimeUnit.SECONDS.toMillis(TIMEOUT_SECONDS));
      if (reader.isAlive()) {
        throw new IOException(
            String.join(" ", command) + " did not end within " + TIMEOUT_SECONDS + " s");
      }
      return output.toString(java.nio.charset.StandardCharsets.UTF_8);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(String.join(" ", command) + " was interrupted", e);
    } finally {
      process.destroyForcibly();
    }
  }

  private static void drain(InputStream stream, ByteArrayOutputStream output) {
    try (stream) {
      stream.transferTo(output);
    } catch (IOException e) {
      // Closed under our hands because the process was killed; the timeout is reported instead.
    }
  }
}
