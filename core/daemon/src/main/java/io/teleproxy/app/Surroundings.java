package io.teleproxy.app;

import io.teleproxy.config.Configuration;
import io.teleproxy.dns.NameserverSource;
import io.teleproxy.dns.Nameservers;
import java.net.InetAddress;
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
  private final Closer closer = new Closer();
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

  /** Calls back after each change, on one of the watching threads, never on two at once. */
  void watch(Runnable changed) {
    closer.add(
        "nameserver watch",
        source.watch(
            nameservers,
            now -> {
              nameservers = now;
              report(changed);
            }));
    timer.scheduleWithFixedDelay(
        () -> {
          ContainerBridges now = ContainerBridges.find();
          if (!now.equals(bridges)) {
            bridges = now;
            report(changed);
          }
        },
        PERIOD_MILLIS,
        PERIOD_MILLIS,
        TimeUnit.MILLISECONDS);
  }

  private synchronized void report(Runnable changed) {
    log.info(
        "network: [nameservers={} bridges={}]",
        nameservers.captured().stream().map(InetAddress::getHostAddress).toList(),
        bridges.names());
    try {
      changed.run();
    } catch (RuntimeException e) {
      log.warn("cannot follow a change of nameservers or bridges", e);
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
    closer.close();
  }
}
