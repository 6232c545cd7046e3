package io.teleproxy.app;

import io.teleproxy.config.Configuration;
import io.teleproxy.dns.NameserverSource;
import io.teleproxy.dns.Nameservers;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What of the machine's network the daemon depends on and others change: nameservers and container
 * bridges. Looked at twice a second, which costs a few stats and a folder listing.
 */
final class Surroundings implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Surroundings.class);
  private static final long PERIOD_MILLIS = 500;

  private final NameserverSource source;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread thread = new Thread(work, "surroundings");
            thread.setDaemon(true);
            return thread;
          });
  private volatile Nameservers nameservers;
  private volatile ContainerBridges bridges;

  Surroundings(Configuration configuration) {
    this.source = NameserverSource.standard(configuration.nameservers(), configuration.fallback());
    this.nameservers = source.read();
    this.bridges = ContainerBridges.find();
  }

  Nameservers nameservers() {
    return nameservers;
  }

  ContainerBridges bridges() {
    return bridges;
  }

  /** Calls back after each change, on the watching thread. */
  void watch(Runnable changed) {
    timer.scheduleWithFixedDelay(
        () -> {
          try {
            Nameservers newNameservers = source.read();
            ContainerBridges newBridges = ContainerBridges.find();
            if (newNameservers.equals(nameservers) && newBridges.equals(bridges)) {
              return;
            }
            nameservers = newNameservers;
            bridges = newBridges;
            log.info(
                "network: [nameservers={} bridges={}]",
                newNameservers.captured(),
                newBridges.names());
            changed.run();
          } catch (RuntimeException e) {
            log.warn("cannot follow a change of nameservers or bridges", e);
          }
        },
        PERIOD_MILLIS,
        PERIOD_MILLIS,
        TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
