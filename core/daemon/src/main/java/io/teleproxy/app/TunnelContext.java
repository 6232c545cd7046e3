package io.teleproxy.app;

import io.teleproxy.socks.SocksServer;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Tunnel;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What one tunnel sees of the daemon. */
final class TunnelContext implements Tunnel.Context {
  private final Environment environment;
  private final Consumer<Health> health;
  private final Consumer<Map<String, String>> details;
  private final Parts parts;
  private final Runnable datagramsChanged;

  // guarded by this
  private @Nullable SocksServer proxy;
  private boolean datagrams;

  TunnelContext(
      Environment environment,
      Consumer<Health> health,
      Consumer<Map<String, String>> details,
      Parts parts,
      Runnable datagramsChanged) {
    this.details = details;
    this.parts = parts;
    this.environment = environment;
    this.health = health;
    this.datagramsChanged = datagramsChanged;
  }

  /** The proxy in front of the tunnel, which may have spoken before there was one. */
  synchronized void attach(SocksServer started) {
    proxy = started;
    started.carriesDatagrams(datagrams);
  }

  @Override
  public Environment environment() {
    return environment;
  }

  @Override
  public void health(Health now) {
    health.accept(now);
  }

  @Override
  public void details(Map<String, String> known) {
    details.accept(known);
  }

  @Override
  public void part(String name, Health now, Map<String, String> known) {
    parts.tell(name, now, known);
  }

  /** Hears of parts that have names of their own. */
  @FunctionalInterface
  interface Parts {
    void tell(String name, Health health, Map<String, String> details);
  }

  @Override
  public void carriesDatagrams(boolean now) {
    synchronized (this) {
      if (now == datagrams) {
        return;
      }
      datagrams = now;
      if (proxy != null) {
        proxy.carriesDatagrams(now);
      }
    }
    datagramsChanged.run();
  }
}
