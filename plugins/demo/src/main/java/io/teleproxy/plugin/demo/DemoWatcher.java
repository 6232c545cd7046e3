package io.teleproxy.plugin.demo;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.Watcher;
import org.pf4j.Extension;

/** Publishes the imaginary cluster, once. */
@Extension
public final class DemoWatcher implements Watcher {
  @Override
  public Probe probe(Environment environment) {
    return Probe.applicable(0, "an imaginary cluster");
  }

  @Override
  public Session open(Context context) {
    context.publish(DemoCluster.table(context.target()));
    context.health(Health.ready());
    return () -> {};
  }
}
