package io.teleproxy.plugin.ssh;

import io.teleproxy.plugin.ssh.client.Destination;
import io.teleproxy.plugin.ssh.client.SshConnector;
import io.teleproxy.plugin.ssh.client.SshTrouble;
import io.teleproxy.plugin.ssh.link.SshTunnel;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Finding;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.Tunnel;
import io.teleproxy.spi.UserException;
import io.teleproxy.spi.Watcher;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pf4j.Extension;

/**
 * Address ranges behind an SSH server: a tunnel through it, and the table of what goes there. One
 * extension is both, because the run is ready, or fails, as the tunnel's first connection does.
 */
@Extension
public final class SshPlugin implements Tunnel, Watcher {
  private static final String CHECK = "ssh";

  // guarded by this
  private Watcher.@Nullable Context watch;
  private Health health = Health.starting("");
  private Map<String, String> details = Map.of();
  private Optional<SshTrouble> refused = Optional.empty();
  private boolean wasConnected;

  @Override
  public Probe probe(Environment environment) {
    return environment
        .settings()
        .string("destination")
        .<Probe>map(destination -> Probe.applicable(0, destination))
        .orElseGet(
            () ->
                Probe.notApplicable(
                    "no destination",
                    "Name a server with --ssh USER@HOST, or as plugins.ssh.destination."));
  }

  @Override
  public Tunnel.Session open(Tunnel.Context context) {
    SshSettings settings = SshSettings.of(context.environment());
    Destination destination =
        new Destination(context.environment(), settings.configFile(), settings.identities());
    return new SshTunnel(
        new SshConnector(destination.hops(settings.destination())),
        settings.dialTimeout(),
        new SshTunnel.Watched() {
          @Override
          public void health(Health now) {
            context.health(now);
            told(now);
          }

          @Override
          public void connected(Map<String, String> known) {
            context.details(known);
            SshPlugin.this.connected(known);
          }

          @Override
          public void refused(SshTrouble trouble) {
            SshPlugin.this.refused(trouble);
          }
        });
  }

  /** Logs in, and out again. */
  @Override
  public List<Finding> examine(Environment environment) {
    try {
      SshSettings settings = SshSettings.of(environment);
      Destination destination =
          new Destination(environment, settings.configFile(), settings.identities());
      try (SshConnector connector = new SshConnector(destination.hops(settings.destination()))) {
        connector.connect().close(true);
        return List.of(Finding.ok(CHECK, connector.server() + " lets us in"));
      }
    } catch (SshTrouble e) {
      return List.of(Finding.bad(CHECK, e.reason(), e.remedy()));
    } catch (UserException e) {
      return List.of(Finding.bad(CHECK, String.valueOf(e.getMessage()), e.remedy()));
    }
  }

  /** Publishes what goes there; it is ready when the tunnel has been. */
  @Override
  public Watcher.Session open(Watcher.Context context) {
    context.publish(SshTable.of(SshSettings.of(context.environment()), context.target()));
    synchronized (this) {
      watch = context;
      told(health);
      context.details(details);
      refused.ifPresent(trouble -> fail(context, trouble));
    }
    return () -> {
      synchronized (this) {
        watch = null;
      }
    };
  }

  /** Before the first connection there is nothing that could be degraded. */
  private synchronized void told(Health now) {
    health = now;
    if (watch != null) {
      watch.health(
          wasConnected
              ? now
              : new Health(Health.State.STARTING, now.since(), now.reason(), now.remedy()));
    }
  }

  private synchronized void connected(Map<String, String> known) {
    details = known;
    wasConnected = true;
    refused = Optional.empty();
    if (watch != null) {
      watch.details(known);
    }
  }

  private synchronized void refused(SshTrouble trouble) {
    refused = Optional.of(trouble);
    if (watch != null) {
      fail(watch, trouble);
    }
  }

  /** The run ends if it has never worked; later it is a matter of health. */
  private void fail(Watcher.Context context, SshTrouble trouble) {
    if (!wasConnected) {
      context.fail(new UserException("ssh: " + trouble.reason(), trouble.remedy()));
    }
  }
}
