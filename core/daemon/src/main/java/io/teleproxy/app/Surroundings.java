package io.teleproxy.app;

import io.teleproxy.config.Configuration;
import io.teleproxy.dns.NameserverChanges;
import io.teleproxy.dns.NameserverSource;
import io.teleproxy.dns.Nameservers;
import io.teleproxy.net.ChangeWatch;
import io.teleproxy.net.HostNetwork;
import io.teleproxy.net.HostRoutes;
import io.teleproxy.spi.Prefix;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What of the machine's network the daemon depends on and others change: nameservers, container
 * bridges, ways out, addresses, and routes of others to what we divert.
 */
final class Surroundings implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Surroundings.class);

  /** Where the system does not announce changes. A look costs the reading of a few files. */
  private static final Duration PERIOD = Duration.ofMillis(250);

  private final NameserverSource source;
  private final NameserverChanges nameserverChanges;
  private final Closer closer = new Closer();
  private volatile Nameservers nameservers;
  private volatile ContainerBridges bridges;

  /** Null while it is not followed: a start has no need of it. */
  private volatile @Nullable HostNetwork network;

  /** Those that were told of; touched by the watching thread only. */
  private List<HostRoutes.Overlap> told = List.of();

  private final WaysThere waysThere;

  Surroundings(Configuration configuration, WaysThere waysThere) {
    this.waysThere = waysThere;
    this.source = NameserverSource.standard(configuration.nameservers(), configuration.fallback());
    this.nameservers = source.read();
    this.nameserverChanges = new NameserverChanges(source, nameservers);
    this.bridges = ContainerBridges.find();
  }

  Nameservers nameservers() {
    return nameservers;
  }

  ContainerBridges bridges() {
    return bridges;
  }

  /** Nothing until it is followed. */
  HostNetwork network() {
    HostNetwork known = network;
    return known == null ? HostNetwork.UNKNOWN : known;
  }

  /**
   * Follows all of it from now on.
   *
   * @param changed called after each change of nameservers or bridges, on the watching thread
   * @param diverted all that leads to the cluster
   */
  void watch(Runnable changed, Supplier<Set<Prefix>> diverted) {
    HostNetwork now = HostNetwork.now();
    network = now;
    Set<Prefix> ours = diverted.get();
    tellOverlaps(now, ours);
    waysThere.look(!now.waysOut().isEmpty(), nameservers.captured(), ours);
    closer.add(
        "network",
        ChangeWatch.ofNetwork(
            "surroundings", source.files(), PERIOD, () -> look(changed, diverted)));
  }

  private boolean look(Runnable changed, Supplier<Set<Prefix>> diverted) {
    Optional<Nameservers> others = nameserverChanges.look();
    others.ifPresent(now -> nameservers = now);
    ContainerBridges bridgesNow = ContainerBridges.find();
    HostNetwork networkNow = HostNetwork.now();
    boolean concernsUs = others.isPresent() || !bridgesNow.equals(bridges);
    boolean moved = !networkNow.equals(network);
    bridges = bridgesNow;
    network = networkNow;
    if (concernsUs || moved) {
      log.info(
          "network: [out={} addresses={} nameservers={} bridges={}]",
          networkNow.waysOut(),
          networkNow.addresses(),
          nameservers.captured().stream().map(InetAddress::getHostAddress).toList(),
          bridgesNow.names());
    }
    if (concernsUs) {
      changed.run();
    }
    if (moved) {
      tellOverlaps(networkNow, diverted.get());
    }
    waysThere.look(!networkNow.waysOut().isEmpty(), nameservers.captured(), diverted.get());
    return !nameserverChanges.isUnsure();
  }

  /** Says which routes have begun or ceased to lead to what is the cluster's. */
  private void tellOverlaps(HostNetwork seen, Set<Prefix> diverted) {
    List<HostRoutes.Overlap> now = seen.routes().overlapping(diverted);
    for (HostRoutes.Overlap one : now) {
      if (told.stream().noneMatch(known -> known.route().equals(one.route()))) {
        log.warn(
            "network: a route of this machine, such as a VPN's, leads to addresses of the cluster: {}."
                + " They stay the cluster's, all others of that range go that way",
            one);
      }
    }
    for (HostRoutes.Overlap one : told) {
      if (now.stream().noneMatch(left -> left.route().equals(one.route()))) {
        log.info("network: the route {} to addresses of the cluster is gone", one.route());
      }
    }
    told = now;
  }

  @Override
  public void close() {
    closer.close();
  }
}
