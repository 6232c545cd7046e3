package io.teleproxy.cli;

import io.teleproxy.config.Configuration;
import io.teleproxy.config.ConfigurationReader;
import io.teleproxy.config.Flags;
import io.teleproxy.config.LogLevel;
import io.teleproxy.plugin.PluginHost;
import io.teleproxy.plugin.PluginReport;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code teleproxy plugins list}: loads and probes all plugins, and runs none. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    description = {
      "Show all plugins: id, version, source (built-in, bundled, drop-in), extension points, state,"
          + " and whether they work on this machine.",
      ""
    })
final class PluginsListCommand implements Callable<Integer> {
  @Option(names = "--json", description = "As JSON, for programs.")
  private boolean json;

  @Mixin private final RunFlags flags = new RunFlags();
  private final Program program;

  PluginsListCommand(Program program) {
    this.program = program;
  }

  @Override
  public Integer call() {
    Flags given = new Flags();
    flags.addTo(given);
    Configuration configuration = ConfigurationReader.read(given, program.environment());
    // The list itself says what failed and why.
    Logging.configure(flags.isVerbose() ? configuration.logLevel() : LogLevel.ERROR);
    try (PluginHost plugins = PluginHost.open(configuration, program.environment())) {
      List<PluginReport> reports = plugins.report();
      program.out().print(json ? Json.text(PluginsView.json(reports)) : PluginsView.text(reports));
    }
    return 0;
  }
}
