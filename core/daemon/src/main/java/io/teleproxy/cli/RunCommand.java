package io.teleproxy.cli;

import io.teleproxy.config.Flags;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code teleproxy run}. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    description = {
      "Run until interrupted or told to stop.",
      "",
      "Prints one line that begins with 'ready' when names resolve and connections flow. The log"
          + " goes to standard error. Ctrl-C, SIGTERM and 'teleproxy stop' put everything back as"
          + " it was.",
      ""
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {ExitStatus.STOPPED, ExitStatus.MENDABLE, ExitStatus.OURS},
    footerHeading = "%nExamples:%n",
    footer = {
      "  sudo teleproxy run --context staging --namespace shop",
      "  sudo teleproxy run --mode intercept    root's part alone, in one terminal",
      "  teleproxy run --mode bridge            and the way into the cluster in another"
    })
final class RunCommand implements Callable<Integer> {
  @ParentCommand private @Nullable TeleproxyCommand parent;
  @Mixin private final RunFlags flags = new RunFlags();

  @Option(names = "--json", description = "The line that says 'ready', or why not, as JSON.")
  private boolean json;

  private final Program program;

  RunCommand(Program program) {
    this.program = program;
  }

  @Override
  public Integer call() throws Exception {
    Flags given = new Flags();
    if (parent != null) {
      parent.flags().addTo(given);
    }
    flags.addTo(given);
    return json ? JsonReady.run(program, given) : Running.run(program, given);
  }
}
