package io.teleproxy.cli;

import io.teleproxy.config.Flags;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code teleproxy demo}: a run with an imaginary cluster instead of a real one. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    description = {
      "Run with a small imaginary cluster, served by this very process, and say what to try.",
      "",
      "Needs root as 'run' does, and neither a cluster nor a kubeconfig nor a network.",
      ""
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {ExitStatus.STOPPED, ExitStatus.MENDABLE, ExitStatus.OURS},
    footerHeading = "%nExamples:%n",
    footer = {
      "  sudo teleproxy demo",
      "  curl http://hello.demo/                from any program meanwhile"
    })
final class DemoCommand implements Callable<Integer> {
  @Option(names = "-v", description = "More in the log; -vv for everything.")
  private boolean[] verbose = {};

  @Option(names = "--json", description = "The line that says 'ready', or why not, as JSON.")
  private boolean json;

  private final Program program;

  DemoCommand(Program program) {
    this.program = program;
  }

  @Override
  public Integer call() throws Exception {
    return json ? JsonReady.run(program, flags(verbose.length)) : run(program, verbose.length);
  }

  /**
   * Runs it.
   *
   * @param verbosity how often -v was given
   */
  static int run(Program program, int verbosity) throws Exception {
    return Running.run(
        new Program(
            program.environment(), new Guided(program.out()), program.err(), program.runner()),
        flags(verbosity));
  }

  private static Flags flags(int verbosity) {
    Flags flags =
        new Flags()
            .set("mode", "demo", "all")
            .set("plugins.demo.enabled", "demo", "true")
            .set("plugins.kubernetes.enabled", "demo", "false");
    if (verbosity > 0) {
      flags.set("log.level", "-v", verbosity > 1 ? "trace" : "debug");
    }
    return flags;
  }

  /** Says what to try after the ready line. */
  private static final class Guided extends PrintStream {
    private static final String GUIDE =
        """

        Try in another terminal:

          curl http://hello.demo/          a service
          curl http://db-1.db.demo/        one pod of a headless service
          curl http://empty.demo/          a service without pods: refused at once
          dig +short db.demo               the addresses of both pods
          teleproxy status                 how everything is

        Ctrl-C ends it, and nothing stays.""";

    Guided(PrintStream out) {
      super(out, true, StandardCharsets.UTF_8);
    }

    @Override
    public void println(String line) {
      super.println(line);
      if (line.startsWith("ready")) {
        super.println(GUIDE);
      }
    }
  }
}
