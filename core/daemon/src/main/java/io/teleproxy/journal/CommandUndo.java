package io.teleproxy.journal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A change that a command undoes. */
record CommandUndo(String what, List<String> command) implements Undo {
  private static final long TIMEOUT_SECONDS = 10;
  private static final int SHOWN = 200;

  CommandUndo {
    command = List.copyOf(command);
    if (command.isEmpty() || !java.nio.file.Path.of(command.get(0)).isAbsolute()) {
      throw new IllegalArgumentException(
          "undo: " + command + " (expected: a program's absolute path and its arguments)");
    }
  }

  @Override
  public String run() throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C");
    Process process = builder.start();
    try {
      process.getOutputStream().close();
      CompletableFuture<String> said = CompletableFuture.supplyAsync(() -> read(process));
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException(this + " did not end within " + TIMEOUT_SECONDS + " s");
      }
      if (process.exitValue() != 0) {
        throw new IOException(
            this + " failed (exit " + process.exitValue() + ": " + said(said) + ")");
      }
      return what;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(this + " was interrupted", e);
    } finally {
      process.destroyForcibly();
    }
  }

  private static String read(Process process) {
    try (InputStream output = process.getInputStream()) {
      return new String(output.readNBytes(SHOWN), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      return "";
    }
  }

  /** A child of the command may hold its output open: that is not waited for. */
  private static String said(CompletableFuture<String> said) throws InterruptedException {
    try {
      return said.get(1, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      return "";
    }
  }

  @Override
  public String toString() {
    return String.join(" ", command);
  }
}
