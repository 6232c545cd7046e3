package @PACKAGE@;

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
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.pf4j.Extension;

/**
 * Keeps a table true. Here it is the name {@code plugins.@ID@.name} alone; put your source in its
 * place.
 */
@Extension
public final class @CLASS@ implements Watcher {
  @Override
  public Probe probe(Environment environment) {
    return Probe.applicable(0, "the name " + name(environment));
  }

  private static String name(Environment environment) {
    return environment.settings().string("name", "@ID@.example");
  }

  @Override
  public Session open(Context context) {
    ScheduledExecutorService timer =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "@ID@");
              thread.setDaemon(true);
              return thread;
            });
    timer.scheduleWithFixedDelay(() -> look(context), 0, 1, TimeUnit.SECONDS);
    return timer::shutdownNow;
  }

  /** The same table again costs nothing. Where the source is away, say so and keep the last one. */
  private static void look(Context context) {
    String name = name(context.environment());
    // The port of a SOCKS5 proxy on this machine, through which the address is reached.
    int target = context.environment().settings().integer("target", 1080);
    Route route =
        Route.divert(name, Protocol.TCP, Prefix.parse("192.0.2.1"), Ports.ALL, target);
    // A part for each name: when one changes, the others cost nothing.
    TrieMap.Editor<String, Table.Part> parts = TrieMap.<String, Table.Part>empty().edit();
    parts.put(name, new Table.Part(List.of(route), List.of()));
    context.publish(new Table("@ID@", List.of(), parts.done(), true));
    context.health(Health.ready());
  }
}
