package io.teleproxy.cli;

import io.teleproxy.config.Flags;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Bare {@code teleproxy}: the same as {@code teleproxy run}. */
@Command(
    name = "teleproxy",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    synopsisHeading = "Usage: ",
    description = {
      "",
      "Puts this machine inside a Kubernetes cluster's network: names of services and pods resolve,"
          + " and connections to them arrive. Without a command it runs.",
      "",
      "Flags win over ~/.config/teleproxy/teleproxy.conf, and that over"
          + " /etc/teleproxy/teleproxy.conf. Long flags may begin with one dash.",
      ""
    },
    commandListHeading = "%nCommands:%n",
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {ExitStatus.STOPPED, ExitStatus.MENDABLE, ExitStatus.OURS},
    footerHeading = "%nExamples:%n",
    footer = {
      "  sudo teleproxy demo                without any cluster, to see what it does",
      "  sudo teleproxy run                 until Ctrl-C, for the current context",
      "  curl http://web.default/           from any program meanwhile",
      "  teleproxy status                   what works, what does not, and what to do"
    })
final class TeleproxyCommand implements Callable<Integer> {
  @Mixin private final RunFlags flags = new RunFlags();

  @Option(names = "--json", description = "The line that says 'ready', or why not, as JSON.")
  private boolean json;

  private final Program program;

  TeleproxyCommand(Program program) {
    this.program = program;
  }

  @Override
  public Integer call() throws Exception {
    Flags given = new Flags();
    flags.addTo(given);
    return json ? JsonReady.run(program, given) : Running.run(program, given);
  }

  RunFlags flags() {
    return flags;
  }
}
