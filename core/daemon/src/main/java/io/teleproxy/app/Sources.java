package io.teleproxy.app;

import io.netty.channel.EventLoopGroup;
import io.teleproxy.net.ChangeWatch;
import io.teleproxy.net.HostNetwork;
import io.teleproxy.net.LocalPeers;
import io.teleproxy.plugin.Loaded;
import io.teleproxy.socks.SocksServer;
import io.teleproxy.spi.Finding;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Tunnel;
import io.teleproxy.spi.UserException;
import io.teleproxy.spi.Watcher;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The half that needs no root: tunnels with their SOCKS5 proxies, and the watchers whose tables
 * point to them.
 */
final class Sources implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Sources.class);

  private final Closer closer = new Closer();
  private final List<Watcher.Session> watching = new CopyOnWriteArrayList<>();
  private final List<Tunnel.Session> tunnels = new CopyOnWriteArrayList<>();

  /** Null while it is not followed; touched by the thread that looks at it only from then on. */
  private @Nullable HostNetwork network;

  private final Map<String, Integer> targets = new HashMap<>();
  private final Map<String, CompletableFuture<Void>> starting = new ConcurrentHashMap<>();

  /**
   * Opens all applicable tunnels and watchers; they go on in the background.
   *
   * @param datagramsChanged called on any thread when a tunnel has changed what it can
   * @param peers whom the SOCKS5 proxies serve
   * @throws UserException if no watcher is applicable that is a reason to run, or one refuses its
   *     configuration
   */
  static Sources open(
      List<Loaded<Tunnel>> tunnels,
      List<Loaded<Watcher>> watchers,
      TableSink tables,
      Components components,
      Runnable datagramsChanged,
      LocalPeers peers,
      EventLoopGroup loops) {
    Sources sources = new Sources();
    try {
      for (Loaded<Tunnel> tunnel : applicable(tunnels)) {
        sources.open(tunnel, components, datagramsChanged, peers, loops);
      }
      SearchPath search = new SearchPath(tables::search);
      for (Loaded<Watcher> watcher : someApplicable(watchers)) {
        sources.open(watcher, tables, search, components);
      }
      return sources;
    } catch (Throwable e) {
      sources.close();
      throw e;
    }
  }

  /** Completes when every watcher has been ready once; fails when one gives up before. */
  CompletionStage<Void> ready() {
    return CompletableFuture.allOf(starting.values().toArray(new CompletableFuture<?>[0]));
  }

  /** Ports of the SOCKS5 proxies opened here. */
  Set<Integer> targets() {
    return Set.copyOf(targets.values());
  }

  /** Lets the watchers look at their configuration now. */
  void reload() {
    for (Watcher.Session session : watching) {
      try {
        session.reload();
      } catch (RuntimeException | LinkageError e) {
        log.warn("a watcher cannot look at its configuration", e);
      }
    }
  }

  /**
   * From here on tunnels and watchers are told when the machine moves to other networks. Where the
   * system does not announce that, they find out by themselves, later.
   */
  void followNetwork() {
    network = HostNetwork.now();
    closer.add(
        "network", ChangeWatch.ofNetwork("network-moves", List.of(), Duration.ZERO, this::look));
  }

  private boolean look() {
    HostNetwork now = HostNetwork.now();
    if (!now.equals(network)) {
      network = now;
      tunnels.forEach(Tunnel.Session::networkChanged);
      watching.forEach(Watcher.Session::networkChanged);
    }
    return true;
  }

  /** As {@link Watcher.Session#behind}, of all watchers. */
  List<Finding> behind(String host, Protocol protocol, int port) {
    List<Finding> findings = new ArrayList<>();
    for (Watcher.Session session : watching) {
      try {
        findings.addAll(session.behind(host, protocol, port));
      } catch (RuntimeException | LinkageError e) {
        log.warn("a watcher cannot say what stands behind {}", host, e);
      }
    }
    return findings;
  }

  /** Stops the watchers, withdraws their tables, and ends the tunnels last. */
  @Override
  public void close() {
    closer.close();
  }

  private void open(
      Loaded<Tunnel> tunnel,
      Components components,
      Runnable datagramsChanged,
      LocalPeers peers,
      EventLoopGroup loops) {
    String name = "tunnel " + tunnel.pluginId();
    Consumer<Health> health = components.reporter(name);
    health.accept(Health.starting(""));
    TunnelContext context =
        new TunnelContext(
            tunnel.environment(),
            health,
            known -> components.details(name, known),
            components::report,
            datagramsChanged);
    Tunnel.Session session = closer.add(name, tunnel.call(extension -> extension.open(context)));
    SocksServer proxy =
        closer.add("SOCKS5 proxy of " + name, SocksServer.start(loops, session, peers, 0));
    context.attach(proxy);
    tunnels.add(session);
    targets.put(tunnel.pluginId(), proxy.port());
  }

  private void open(
      Loaded<Watcher> watcher, TableSink tables, SearchPath search, Components components) {
    String id = watcher.pluginId();
    CompletableFuture<Void> ready = new CompletableFuture<>();
    starting.put(id, ready);
    WatchContext context =
        new WatchContext(
            watcher.environment(),
            targets.get(id),
            tables,
            search.share(),
            components.reporter("watcher " + id),
            known -> components.details("watcher " + id, known),
            ready);
    closer.add("tables of " + id, context);
    context.health(Health.starting(""));
    watching.add(closer.add("watcher " + id, watcher.call(extension -> extension.open(context))));
  }

  private static <T> List<Loaded<T>> applicable(List<Loaded<T>> all) {
    return all.stream().filter(Loaded::applicable).toList();
  }

  private static List<Loaded<Watcher>> someApplicable(List<Loaded<Watcher>> all) {
    List<Loaded<Watcher>> applicable = applicable(all);
    List<Loaded<Watcher>> reasons =
        all.stream().filter(watcher -> !watcher.call(Watcher::accompanies)).toList();
    if (!applicable.isEmpty()
        && (reasons.isEmpty() || reasons.stream().anyMatch(Loaded::applicable))) {
      return applicable;
    }
    StringBuilder message = new StringBuilder("there is nothing to connect to");
    StringBuilder remedy = new StringBuilder();
    for (Loaded<Watcher> watcher : reasons) {
      if (watcher.probe() instanceof Probe.NotApplicable not) {
        message.append("; ").append(watcher.pluginId()).append(": ").append(not.reason());
        remedy.append(remedy.isEmpty() ? "" : " ").append(not.remedy());
      }
    }
    if (remedy.isEmpty()) {
      remedy.append("See which plugins are there with 'teleproxy plugins list'.");
    }
    throw new UserException(message.toString(), remedy.toString());
  }
}
