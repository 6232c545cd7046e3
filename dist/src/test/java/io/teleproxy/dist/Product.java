package io.teleproxy.dist;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The packaged product, running. What it says is kept in target/product-logs. */
final class Product implements AutoCloseable {
  static final Path HOME = Path.of("target", "teleproxy").toAbsolutePath();
  static final Path LAUNCHER = HOME.resolve("bin/teleproxy");

  private static final Path LOGS = Path.of("target", "product-logs");
  private static final AtomicInteger RUNS = new AtomicInteger();
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Process process;
  private final Path out;
  private final Path err;
  private final User user;

  private Product(Process process, Path out, Path err, User user) {
    this.process = process;
    this.out = out;
    this.err = err;
    this.user = user;
  }

  /** PATH of one who has installed the product. */
  static String path() {
    return HOME.resolve("bin") + ":" + System.getenv("PATH");
  }

  /** A user on the machine: home folder and configuration of his own. */
  static final class User implements AutoCloseable {
    private final Namespace namespace;
    private final Path home;
    private final Map<String, String> variables = new TreeMap<>();
    private final List<String> prefix = new ArrayList<>();
    private Path launcher = LAUNCHER;

    private User(Namespace namespace) {
      this.namespace = namespace;
      try {
        home = Files.createTempDirectory("teleproxy-it-home-");
        Files.createDirectories(configuration());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      variables.put("HOME", home.toString());
      variables.put("XDG_CONFIG_HOME", home.resolve(".config").toString());
      variables.put("KUBECONFIG", "");
      // By whose name the agent in the cluster goes: on each machine another.
      variables.put("USER", namespace.name());
      if (!Backend.completed("").isEmpty()) {
        write("teleproxy.conf", "");
      }
    }

    Path home() {
      return home;
    }

    /** Where configuration files and, in {@code plugins}, drop-in plugins lie. */
    Path configuration() {
      return home.resolve(".config/teleproxy");
    }

    User env(String name, String value) {
      variables.put(name, value);
      return this;
    }

    /** Another product than the one in target. */
    User withProduct(Path home) {
      launcher = home.resolve("bin/teleproxy");
      return this;
    }

    /** A copy of the product that this user can read, wherever the original lies. */
    User withProductOfHisOwn() {
      Path copy = home.resolve("product");
      Command.of("cp", "-a", HOME.toString(), copy.toString()).run().succeeded();
      Command.of("chmod", "-R", "go+rX", copy.toString()).run().succeeded();
      launcher = copy.resolve("bin/teleproxy");
      return this;
    }

    /** Runs the product by another program, which gets its command line as arguments. */
    User behind(String... words) {
      prefix.addAll(List.of(words));
      return this;
    }

    /**
     * Without any rights, and without a home that could be written to; but able to read files,
     * since the product under test may lie in a folder of root's.
     */
    User nobody() {
      return behind(
          "setpriv",
          "--reuid",
          "65534",
          "--regid",
          "65534",
          "--clear-groups",
          "--inh-caps",
          "+dac_read_search",
          "--ambient-caps",
          "+dac_read_search");
    }

    /** Has this interceptor chosen, by the user's configuration. */
    User backend(String backend) {
      write("teleproxy.conf", Backend.configuration(backend));
      return this;
    }

    /** Writes a file of the user's configuration, such as {@code teleproxy.conf}. */
    Path write(String name, String text) {
      try {
        Path file = configuration().resolve(name);
        Files.createDirectories(file.getParent());
        boolean configuration = name.equals("teleproxy.conf");
        return Files.writeString(file, configuration ? Backend.completed(text) : text);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    Command command(String... arguments) {
      List<String> words = new ArrayList<>(prefix);
      words.add(launcher.toString());
      words.addAll(List.of(arguments));
      return namespace.enter(new Command(words, variables, ""));
    }

    /** Runs a command line to its end. */
    Command.Result execute(String... arguments) {
      return command(arguments).run();
    }

    Product start(String... arguments) {
      try {
        Files.createDirectories(LOGS);
        String name = String.format("%03d", RUNS.incrementAndGet());
        Path out = Files.writeString(LOGS.resolve(name + ".out"), "");
        Path err = Files.writeString(LOGS.resolve(name + ".err"), "");
        return new Product(command(arguments).start(out, err), out, err, this);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() {
      Command.of("rm", "-rf", home.toString()).run().succeeded();
    }
  }

  static User user(Namespace namespace) {
    return new User(namespace);
  }

  long pid() {
    return process.pid();
  }

  User user() {
    return user;
  }

  String stdout() {
    return read(out);
  }

  String stderr() {
    return read(err);
  }

  /** The line that says that names resolve and connections flow. */
  String awaitReady() {
    await("the line 'ready' of " + this)
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(10))
        .until(() -> ready().isPresent() || !process.isAlive());
    return ready()
        .orElseThrow(() -> new AssertionError("ended before it was ready, " + this + exitCode()));
  }

  private Optional<String> ready() {
    return stdout().lines().filter(line -> line.startsWith("ready")).findFirst();
  }

  /** Sends a signal: {@code TERM}, {@code INT}, {@code KILL}, {@code STOP}, {@code CONT}. */
  void signal(String name) {
    Command.of("kill", "-" + name, Long.toString(pid())).run().succeeded();
  }

  boolean isRunning() {
    return process.isAlive();
  }

  /** Waits for the end. */
  int exitCode() {
    try {
      if (!process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new AssertionError("still running after " + PATIENCE + ", " + this);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
    return process.exitValue();
  }

  /** Stops it as a service manager would, and tells the exit status. */
  int stop() {
    process.destroy();
    return exitCode();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String toString() {
    return "product with pid " + pid() + ":\n" + stdout() + stderr();
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    user.close();
  }
}
