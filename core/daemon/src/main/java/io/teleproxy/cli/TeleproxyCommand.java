package io.teleproxy.cli;

import io.teleproxy.config.Flags;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

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
      ""
    },
    commandListHeading = "%nCommands:%n",
    footer = {
      "",
      "Examples:",
      "  sudo teleproxy demo                without any cluster, to see what it does",
      "  sudo teleproxy run                 until Ctrl-C, for the current context",
      "  curl http://web.default/           from any program meanwhile",
      "  teleproxy status                   what works, what does not, and what to do",
      "",
      "Exit status: 0 stopped on request; 2 something that you can mend, and how;",
      "70 a fault of teleproxy itself.",
      "Settings: /etc/teleproxy/teleproxy.conf, ~/.config/teleproxy/teleproxy.conf."
    })
final class TeleproxyCommand implements Callable<Integer> {
  @Mixin private final RunFlags flags = new RunFlags();
  private final Program program;

  TeleproxyCommand(Program program) {
    this.program = program;
  }

  @Override
  public Integer call() throws Exception {
    Flags given = new Flags();
    flags.addTo(given);
    return Running.run(program, given);
  }

  RunFlags flags() {
    return flags;
  }
}
