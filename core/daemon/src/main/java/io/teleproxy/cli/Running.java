package io.teleproxy.cli;

import io.teleproxy.config.Configuration;
import io.teleproxy.config.ConfigurationReader;
import io.teleproxy.config.Flags;
import io.teleproxy.config.HostEnvironment;
import io.teleproxy.config.Mode;
import io.teleproxy.config.Part;
import io.teleproxy.plugin.PluginHost;
import io.teleproxy.spi.UserException;

/** The run itself: configuration, log, plugins, daemon, in this order. */
final class Running {
  private Running() {}

  static int run(Program program, Flags flags) throws Exception {
    HostEnvironment environment = program.environment();
    if (flags.user().isPresent() && environment.privileged() && environment.invoker().isEmpty()) {
      throw new UserException(
          "--user: there is no account '" + flags.user().get() + "'",
          "Name another; without --user the bridge runs as who called sudo.");
    }
    if (flags.restarts() && Part.pid(environment.variables(), Part.SUPERVISED).isEmpty()) {
      throw new UserException(
          "--restart: nobody is there who could start it again; on Linux bin/teleproxy is",
          "Leave it out, and let a service manager start teleproxy again (docs/operations.md).");
    }
    if (!Part.isBridge(environment.variables())) {
      return start(program, flags);
    }
    try {
      return start(program, flags);
    } catch (UserException e) {
      if (ToldFailure.tell(environment, e)) {
        return Main.USER;
      }
      throw e;
    }
  }

  private static int start(Program program, Flags flags) throws Exception {
    Configuration configuration = ConfigurationReader.read(flags, program.environment());
    if (Part.isBridge(program.environment().variables()) && configuration.mode() != Mode.ALL) {
      // The configuration wants one part by itself, which the launcher did not know.
      return Part.UNWANTED;
    }
    Logging.configure(configuration.logLevel());
    try (PluginHost plugins = PluginHost.openForRun(configuration, program.environment())) {
      return program
          .runner()
          .get()
          .run(configuration, plugins, program.environment(), program.out());
    }
  }
}
