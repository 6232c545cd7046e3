package io.teleproxy.app;

import io.teleproxy.journal.JournalFolder;
import io.teleproxy.plugin.Loaded;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What runs have left that were killed. */
final class Leftovers {
  private static final Logger log = LoggerFactory.getLogger(Leftovers.class);

  private Leftovers() {}

  /**
   * Removes it.
   *
   * @param backends all there are: the run that died may have chosen another than this one
   * @throws UserException if the firewall does not let go of it
   */
  static void remove(List<Loaded<Interceptor>> backends, JournalFolder journals) {
    try {
      journals.recover(undone -> log.info("left by an earlier run, undone: {}", undone));
    } catch (IOException e) {
      // No reason not to run; 'teleproxy cleanup' fails for it.
      log.warn("left by an earlier run: {}", e.getMessage());
    }
    for (Loaded<Interceptor> backend : backends) {
      if (!backend.applicable()) {
        continue;
      }
      try {
        Iterable<String> gone =
            backend.call(interceptor -> interceptor.recover(backend.environment()));
        for (String removed : gone) {
          log.info("{}: left by an earlier run, removed: {}", backend.pluginId(), removed);
        }
      } catch (IOException e) {
        throw new UserException(
            "What an earlier run left in the firewall cannot be removed: " + e.getMessage(),
            "Stop whatever else holds it, or reboot.",
            e);
      }
    }
  }
}
