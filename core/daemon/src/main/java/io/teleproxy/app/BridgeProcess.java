package io.teleproxy.app;

import io.teleproxy.config.Part;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bridge beside root's part: the first is started by the launcher, whose process we are; if it
 * dies, the launcher is called for another, later and later.
 */
final class BridgeProcess implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(BridgeProcess.class);

  private static final long FIRST_PAUSE_MILLIS = 500;
  private static final long LONGEST_PAUSE_MILLIS = 30_000;

  /** Whoever lives longer starts with the first pause again. */
  private static final long HEALTHY_NANOS = TimeUnit.MINUTES.toNanos(1);

  /** For the tunnel to take leave of the cluster, which it does in 700 ms or not at all. */
  private static final long STOP_MILLIS = 2_000;

  private final List<String> command;
  private final LongConsumer ended;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "bridge-process");
            thread.setDaemon(true);
            return thread;
          });

  // guarded by this
  private ProcessHandle process;
  private long started = System.nanoTime();
  private long pause = FIRST_PAUSE_MILLIS;
  private byte @Nullable [] environ;
  private boolean closed;

  /**
   * @param first process id of the one that is there already
   * @param command the launcher and our own arguments
   * @param ended told the process id of one that has ended
   */
  BridgeProcess(long first, List<String> command, LongConsumer ended) {
    this.command = List.copyOf(command);
    this.ended = ended;
    Optional<ProcessHandle> there = ProcessHandle.of(first);
    this.process = there.orElse(ProcessHandle.current());
    if (there.isPresent()) {
      follow(there.get(), there.get().onExit().thenApply(handle -> ""));
    } else {
      died(first, "");
    }
  }

  /** The product's launcher with our own arguments. */
  static List<String> command(String home, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(home, "bin", "teleproxy").toString());
    command.addAll(arguments);
    return command;
  }

  private void follow(ProcessHandle one, CompletableFuture<String> exit) {
    var unused = exit.thenAccept(status -> died(one.pid(), status));
  }

  private synchronized void died(long pid, String status) {
    if (closed) {
      return;
    }
    ended.accept(pid);
    long now = System.nanoTime();
    pause = now - started > HEALTHY_NANOS ? FIRST_PAUSE_MILLIS : pause;
    log.warn("bridge: pid {} has died{}; another is started in {} ms", pid, status, pause);
    var unused = timer.schedule(this::start, pause, TimeUnit.MILLISECONDS);
    pause = Math.min(LONGEST_PAUSE_MILLIS, pause * 2);
  }

  private synchronized void start() {
    if (closed) {
      return;
    }
    started = System.nanoTime();
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .redirectOutput(ProcessBuilder.Redirect.INHERIT)
              .redirectError(ProcessBuilder.Redirect.INHERIT);
      Map<String, String> variables = builder.environment();
      variables.put(Part.VARIABLE, "bridge");
      variables.put(Part.PARENT, Long.toString(ProcessHandle.current().pid()));
      variables.remove(Part.BRIDGE);
      Process child = builder.start();
      try (OutputStream input = child.getOutputStream()) {
        input.write(environ());
      } catch (IOException e) {
        log.debug("bridge: it has not taken the user's environment: {}", e.getMessage());
      }
      process = child.toHandle();
      follow(
          process, child.onExit().thenApply(exited -> " (exit status " + exited.exitValue() + ")"));
    } catch (IOException e) {
      log.warn("bridge: it does not start: {}", e.getMessage());
      died(0, "");
    }
  }

  /** Our standard input, which can be read only once. */
  private byte[] environ() throws IOException {
    byte[] known = environ;
    if (known == null) {
      known = System.in.readAllBytes();
      environ = known;
    }
    return known;
  }

  @Override
  public void close() {
    ProcessHandle last;
    synchronized (this) {
      closed = true;
      last = process;
    }
    timer.shutdownNow();
    if (last.pid() == ProcessHandle.current().pid() || !last.isAlive()) {
      return;
    }
    last.destroy();
    try {
      last.onExit().get(STOP_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
      log.warn("bridge: pid {} does not end; it is killed", last.pid());
      last.destroyForcibly();
    }
  }
}
