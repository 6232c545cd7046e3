package io.teleproxy.spi.process;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs commands as child processes, in the C locale, with a timeout. */
public final class ProcessRunner implements CommandRunner {
  private final Duration timeout;

  /**
   * @param timeout how long a command may take
   */
  public ProcessRunner(Duration timeout) {
    this.timeout = timeout;
  }

  @Override
  public Outcome run(List<String> command, String input) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("LC_ALL", "C");
    Process process = builder.start();
    try {
      // All three at once: a child that blocks on one of them must not make us miss the timeout.
      Stream output = new Stream(process.getInputStream());
      Stream errors = new Stream(process.getErrorStream());
      Thread outputThread = start(output, "output");
      Thread errorThread = start(errors, "errors");
      if (input.isEmpty()) {
        process.getOutputStream().close();
      } else {
        start(() -> feed(process.getOutputStream(), input), "input");
      }
      long deadline = System.nanoTime() + timeout.toNanos();
      if (!await(left -> process.waitFor(left, TimeUnit.NANOSECONDS), deadline)
          || !await(left -> ended(outputThread, left), deadline)
          || !await(left -> ended(errorThread, left), deadline)) {
        throw new IOException(
            String.join(" ", command) + " did not end within " + timeout.toSeconds() + " s");
      }
      return new Outcome(process.exitValue(), output.text(), errors.text());
    } finally {
      process.destroyForcibly();
    }
  }

  /** Something that may take so many nanoseconds; false if it is not done by then. */
  @FunctionalInterface
  private interface Wait {
    boolean await(long nanos) throws InterruptedException;
  }

  /**
   * Waits on although the thread is interrupted, which it may be when the daemon stops: just then
   * rules must be removed. The interrupt is kept for the caller.
   */
  private static boolean await(Wait wait, long deadline) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return wait.await(Math.max(1, deadline - System.nanoTime()));
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static boolean ended(Thread thread, long nanos) throws InterruptedException {
    thread.join(Duration.ofNanos(nanos).toMillis() + 1);
    return !thread.isAlive();
  }

  private static Thread start(Runnable task, String what) {
    Thread thread = new Thread(task, "command-" + what);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private static void feed(OutputStream stream, String input) {
    try (stream) {
      stream.write(input.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // It ended without reading all; its exit status says why.
    }
  }

  /** Collects what a process writes. */
  private static final class Stream implements Runnable {
    private final InputStream stream;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Stream(InputStream stream) {
      this.stream = stream;
    }

    @Override
    public void run() {
      try (stream) {
        stream.transferTo(bytes);
      } catch (IOException e) {
        // Closed under our hands because the process was killed; the timeout is reported instead.
      }
    }

    String text() {
      return bytes.toString(StandardCharsets.UTF_8);
    }
  }
}
