package io.teleproxy.dist;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** A program with its arguments, environment and input, to be run to its end. Immutable. */
record Command(List<String> words, Map<String, String> environment, String input) {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  Command {
    words = List.copyOf(words);
    environment = Map.copyOf(environment);
  }

  static Command of(String... words) {
    return new Command(List.of(words), Map.of(), "");
  }

  /** This command as the argument of another: {@code ip netns exec NAME} before it. */
  Command behind(List<String> prefix) {
    List<String> all = new ArrayList<>(prefix);
    all.addAll(words);
    return new Command(all, environment, input);
  }

  /** This command with more arguments. */
  Command and(String... arguments) {
    List<String> all = new ArrayList<>(words);
    all.addAll(List.of(arguments));
    return new Command(all, environment, input);
  }

  Command env(String name, String value) {
    Map<String, String> more = new TreeMap<>(environment);
    more.put(name, value);
    return new Command(words, more, input);
  }

  Command env(Map<String, String> variables) {
    Map<String, String> more = new TreeMap<>(environment);
    more.putAll(variables);
    return new Command(words, more, input);
  }

  Command input(String text) {
    return new Command(words, environment, text);
  }

  /** What came of it. */
  record Result(List<String> words, int exit, String out, String err) {
    /**
     * @throws AssertionError with everything that was said, unless the command succeeded
     */
    Result succeeded() {
      if (exit != 0) {
        throw new AssertionError(this);
      }
      return this;
    }

    List<String> lines() {
      return out.lines().toList();
    }

    @Override
    public String toString() {
      return String.join(" ", words) + ": exit " + exit + "\n" + out + err;
    }
  }

  Result run() {
    return run(PATIENCE);
  }

  Result run(Duration patience) {
    try {
      Path in = Files.writeString(Files.createTempFile("teleproxy-it-", ".in"), input);
      Path out = Files.createTempFile("teleproxy-it-", ".out");
      Path err = Files.createTempFile("teleproxy-it-", ".err");
      try {
        Process process = builder(in, out, err).start();
        if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
          process.destroyForcibly().waitFor();
          throw new AssertionError(
              "not finished after " + patience + ": " + words + "\n" + Files.readString(err));
        }
        return new Result(words, process.exitValue(), Files.readString(out), Files.readString(err));
      } finally {
        Files.delete(in);
        Files.delete(out);
        Files.delete(err);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Starts it without waiting; what it says goes to the files, input is empty. */
  Process start(Path out, Path err) {
    try {
      return builder(Path.of("/dev/null"), out, err).start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ProcessBuilder builder(Path in, Path out, Path err) {
    ProcessBuilder builder =
        new ProcessBuilder(words)
            .redirectInput(in.toFile())
            .redirectOutput(ProcessBuilder.Redirect.appendTo(out.toFile()))
            .redirectError(ProcessBuilder.Redirect.appendTo(err.toFile()));
    builder.environment().putAll(environment);
    return builder;
  }
}
