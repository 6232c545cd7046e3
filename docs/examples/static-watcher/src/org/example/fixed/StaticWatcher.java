package org.example.fixed;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigUtil;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.TrieMap;
import io.teleproxy.spi.Watcher;
import java.io.File;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.pf4j.Extension;

/**
 * Names and addresses from a HOCON file, which {@code plugins.static.file} names:
 *
 * <pre>{@code
 * "db.example" { ip = 10.1.2.3, ports = "5432", target = 1080 }
 * }</pre>
 *
 * <p>{@code target} is the port of a SOCKS5 proxy on this machine. The file is looked at every
 * second; while it cannot be read, the last table stays.
 */
@Extension
public final class StaticWatcher implements Watcher {
  @Override
  public Probe probe(Environment environment) {
    return environment
        .settings()
        .string("file")
        .map(file -> Probe.applicable(0, "names from " + file))
        .orElseGet(
            () -> Probe.notApplicable("no file is named", "Set plugins.static.file to one."));
  }

  @Override
  public Session open(Context context) {
    File file = new File(context.environment().settings().string("file", ""));
    ScheduledExecutorService timer =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "static-watcher");
              thread.setDaemon(true);
              return thread;
            });
    Follower follower = new Follower(file, context);
    timer.scheduleWithFixedDelay(follower::look, 0, 1, TimeUnit.SECONDS);
    // Waits for nothing; the core withdraws the table.
    return timer::shutdownNow;
  }

  /** One file, looked at by one thread. */
  private static final class Follower {
    private static final ConfigParseOptions EXISTING =
        ConfigParseOptions.defaults().setAllowMissing(false);

    private final File file;
    private final Context context;
    private long read = -1;
    private String complaint = "";

    Follower(File file, Context context) {
      this.file = file;
      this.context = context;
    }

    void look() {
      long modified = file.lastModified();
      if (modified == read) {
        return;
      }
      try {
        context.publish(table(ConfigFactory.parseFile(file, EXISTING).resolve()));
        context.health(Health.ready());
        complaint = "";
        read = modified;
      } catch (ConfigException | IllegalArgumentException e) {
        // Said once, tried again every second: it may be half written.
        if (!complaint.equals(e.getMessage())) {
          complaint = String.valueOf(e.getMessage());
          context.health(Health.degraded(complaint, "Correct " + file + "."));
        }
      }
    }

    /** A part for each name: when one changes, the others cost nothing. */
    private static Table table(Config config) {
      TrieMap.Editor<String, Table.Part> parts = TrieMap.<String, Table.Part>empty().edit();
      for (String name : config.root().keySet()) {
        Config entry = config.getConfig(ConfigUtil.quoteString(name));
        Ports ports = entry.hasPath("ports") ? Ports.parse(entry.getString("ports")) : Ports.ALL;
        Route route =
            Route.divert(
                name,
                Protocol.TCP,
                Prefix.parse(entry.getString("ip")),
                ports,
                entry.getInt("target"));
        parts.put(name, new Table.Part(List.of(route), List.of()));
      }
      return new Table("static", List.of(), parts.done(), true);
    }
  }
}
