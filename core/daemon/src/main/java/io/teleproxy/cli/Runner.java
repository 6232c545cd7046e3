package io.teleproxy.cli;

import io.teleproxy.config.Configuration;
import io.teleproxy.config.HostEnvironment;
import io.teleproxy.plugin.PluginHost;
import java.io.PrintStream;

/** What {@code teleproxy run} runs. */
@FunctionalInterface
public interface Runner {
  /**
   * Runs until it is told to stop. The caller closes the plugins.
   *
   * @param out where the {@code ready} line goes
   * @return exit status
   * @throws io.teleproxy.spi.UserException if the user can mend it
   */
  int run(
      Configuration configuration, PluginHost plugins, HostEnvironment environment, PrintStream out)
      throws Exception;

  /** Ends the process after the run; does not return. */
  default void end(int status) {
    System.exit(status);
  }
}
