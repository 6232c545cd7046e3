package io.teleproxy.app;

import io.teleproxy.plugin.Loaded;
import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Resolver;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The plugins that answer what tables cannot. */
final class ResolverSessions {
  private static final Logger log = LoggerFactory.getLogger(ResolverSessions.class);

  private ResolverSessions() {}

  /**
   * Opens those that apply here.
   *
   * @param closer closes them
   */
  static List<Resolver.Session> open(
      List<Loaded<Resolver>> resolvers, Components components, Closer closer) {
    List<Resolver.Session> sessions = new ArrayList<>();
    for (Loaded<Resolver> resolver : resolvers) {
      if (!resolver.applicable()) {
        continue;
      }
      String name = "resolver " + resolver.pluginId();
      try {
        Resolver.Session session =
            resolver.call(
                extension ->
                    extension.open(
                        new Resolver.Context() {
                          @Override
                          public Environment environment() {
                            return resolver.environment();
                          }

                          @Override
                          public void health(Health health) {
                            components.report(name, health);
                          }
                        }));
        components.report(name, Health.ready());
        sessions.add(closer.add(name, session));
      } catch (RuntimeException | LinkageError e) {
        // One resolver that breaks must not take all of DNS with it.
        log.warn("{} does not start", name, e);
        components.report(
            name,
            Health.failed(
                    "it does not start: " + e, "Remove the plugin, or ask its author; see the log.")
                .because(Cause.PLUGIN_BROKEN));
      }
    }
    return sessions;
  }
}
