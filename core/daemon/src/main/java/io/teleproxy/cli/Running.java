package io.teleproxy.cli;

import io.teleproxy.config.Configuration;
import io.teleproxy.config.ConfigurationReader;
import io.teleproxy.config.Flags;
import io.teleproxy.plugin.PluginHost;

/** The run itself: configuration, log, plugins, daemon, in this order. */
final class Running {
  private Running() {}

  static int run(Program program, Flags flags) throws Exception {
    Configuration configuration = ConfigurationReader.read(flags, program.environment());
    Logging.configure(configuration.logLevel());
    try (PluginHost plugins = PluginHost.open(configuration, program.environment())) {
      return program
          .runner()
          .get()
          .run(configuration, plugins, program.environment(), program.out());
    }
  }
}
