package io.teleproxy.cli;

import io.teleproxy.config.Flags;
import io.teleproxy.config.HostEnvironment;
import io.teleproxy.config.Part;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** The {@code teleproxy} command. */
public final class Main {
  /** Exit status when the user can mend it; what to do was told. */
  static final int USER = 2;

  /** Exit status when we are at fault: EX_SOFTWARE of sysexits(3). */
  static final int OURS = 70;

  /** By name, so that of the command line and the daemon only the latter knows the other. */
  private static final String RUNNER = "io.teleproxy.app.DaemonRunner";

  private static final Set<String> ONE_DASH =
      Set.of(
          "-kubeconfig",
          "-context",
          "-namespace",
          "-ssh",
          "-cidr",
          "-mode",
          "-user",
          "-dns",
          "-fallback",
          "-config");

  /** What this process has run, if it was more than a command that asks. */
  private static volatile @Nullable Runner runner;

  private Main() {}

  /** Runs the command and ends the process with its exit status. */
  public static void main(String[] arguments) {
    namePathOfJars();
    int status =
        run(
            new Program(HostEnvironment.current(), System.out, System.err, Main::daemonRunner),
            arguments);
    System.out.flush();
    System.err.flush();
    Runner ran = runner;
    if (ran != null) {
      ran.end(status);
    }
    System.exit(status);
  }

  /**
   * The launcher gives the class path by a descriptor of this process; for all others, and for
   * people, it is that of the files.
   */
  private static void namePathOfJars() {
    String path = System.getProperty("java.class.path", "");
    if (path.startsWith("/proc/self/fd/")) {
      try {
        System.setProperty("java.class.path", Path.of(path).toRealPath().toString());
      } catch (IOException e) {
        // Then it stays as it is, which works here.
      }
    }
  }

  static int run(Program program, String... arguments) {
    // A start must be fast: only what asks for them pays for picocli and the other commands.
    Optional<Flags> plain = PlainRun.flags(twoDashes(arguments));
    boolean demo = arguments.length == 1 && arguments[0].equals("demo");
    if (demo || plain.isPresent()) {
      try {
        return demo ? DemoCommand.run(program, 0) : Running.run(program, plain.get());
      } catch (Throwable e) {
        return failed(e, program.err());
      }
    }
    boolean bareRun = arguments.length == 0 || isFlagOfRun(arguments[0]);
    CommandLine commands =
        bareRun ? Commands.bare(program) : Commands.whatItTakes(program, arguments);
    commands.setOut(writer(program.out()));
    commands.setErr(writer(program.err()));
    commands.setParameterExceptionHandler((e, args) -> misused(e, program));
    commands.setExecutionExceptionHandler((e, line, result) -> failed(e, program.err()));
    try {
      return commands.execute(twoDashes(arguments));
    } catch (Throwable e) {
      // picocli hands over exceptions only, not errors
      return failed(e, program.err());
    }
  }

  /** Go's flags, which the first teleproxy had, begin with one dash. */
  private static String[] twoDashes(String[] arguments) {
    String[] changed = arguments.clone();
    for (int i = 0; i < changed.length; i++) {
      int end = changed[i].indexOf('=');
      if (ONE_DASH.contains(end < 0 ? changed[i] : changed[i].substring(0, end))) {
        changed[i] = "-" + changed[i];
      }
    }
    return changed;
  }

  /** Whether it begins with a flag that no other command has, so that no command follows. */
  private static boolean isFlagOfRun(String argument) {
    return argument.startsWith("-")
        && !List.of("-h", "--help", "-V", "--version").contains(argument)
        && !argument.matches("-v+");
  }

  private static int misused(CommandLine.ParameterException e, Program program) {
    if (Part.isBridge(program.environment().variables())) {
      // Root's part was called with the same words, and says it.
      return USER;
    }
    PrintStream err = program.err();
    String command = e.getCommandLine().getCommandSpec().qualifiedName();
    err.println(
        "teleproxy: "
            + sentence(String.valueOf(e.getMessage()))
            + " '"
            + command
            + " --help' shows what there is.");
    return USER;
  }

  static int failed(Throwable e, PrintStream err) {
    if (e instanceof UserException user) {
      String message = String.valueOf(user.getMessage());
      String remedy = user.remedy().isEmpty() ? "" : user.remedy().strip();
      boolean list = message.indexOf('\n') >= 0;
      err.println(
          ("teleproxy: " + (list ? message + "\n" : sentence(message) + " ") + remedy).strip());
      return USER;
    }
    err.println(
        "teleproxy: this is a fault of teleproxy itself; please report it with these lines:");
    e.printStackTrace(err);
    return OURS;
  }

  private static String sentence(String text) {
    return text.isEmpty() || ".!?:".indexOf(text.charAt(text.length() - 1)) >= 0
        ? text
        : text + ".";
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(stream, true, StandardCharsets.UTF_8);
  }

  private static Runner daemonRunner() {
    try {
      Runner made = Class.forName(RUNNER).asSubclass(Runner.class).getConstructor().newInstance();
      runner = made;
      return made;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("the product lacks " + RUNNER, e);
    }
  }
}
