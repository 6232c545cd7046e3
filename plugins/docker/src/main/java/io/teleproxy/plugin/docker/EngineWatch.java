package io.teleproxy.plugin.docker;

import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.Table.Part;
import io.teleproxy.spi.TrieMap;
import io.teleproxy.spi.Watcher;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for engines, follows those that are there, and publishes one table of all their containers.
 * Everything but {@link #open} and {@link #close} happens on one event loop.
 */
final class EngineWatch implements Watcher.Session {
  private static final Logger LOG = LoggerFactory.getLogger(EngineWatch.class);

  static final String TABLE = "docker";
  static final String DOMAIN = "docker";

  private static final long LOOK_MILLIS = 500;

  /** A run does not wait longer than that for an engine that does not answer. */
  private static final long START_MILLIS = 3_000;

  private final Watcher.Context context;
  private final EngineSockets sockets;
  private final String domain;
  private final MultiThreadIoEventLoopGroup group;
  private final EventLoop loop;
  private final EngineHealth health;

  /** By socket, in an order that never changes: a table is the same however it came about. */
  private final Map<Path, Engine> engines = new TreeMap<>();

  private boolean named;

  private EngineWatch(Watcher.Context context) {
    this.context = context;
    sockets = EngineSockets.of(context.environment());
    domain = context.environment().settings().string("domain", DOMAIN);
    group =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("docker", true), NioIoHandler.newFactory());
    loop = group.next();
    health = new EngineHealth(context);
  }

  static EngineWatch open(Watcher.Context context) {
    EngineWatch watch = new EngineWatch(context);
    watch.loop.scheduleWithFixedDelay(watch::look, 0, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    watch.loop.schedule(watch.health::started, START_MILLIS, TimeUnit.MILLISECONDS);
    return watch;
  }

  @Override
  public void close() {
    if (!group.isShuttingDown()) {
      loop.execute(() -> engines.values().forEach(Engine::close));
      group.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS);
    }
  }

  private void look() {
    try {
      List<EngineSockets.Found> found = sockets.look();
      for (EngineSockets.Found socket : found) {
        if (socket.usable()) {
          engines
              .computeIfAbsent(socket.path(), path -> new Engine(path, loop, this::changed))
              .follow(socket.rootless());
        }
      }
      tell(found);
    } catch (RuntimeException e) {
      LOG.warn("docker: cannot look for engines", e);
    }
  }

  private void tell(List<EngineSockets.Found> found) {
    health.tell(found, engines.values());
  }

  private void changed() {
    TrieMap.Editor<String, Part> parts = TrieMap.<String, Part>empty().edit();
    boolean any = false;
    boolean all = true;
    for (Engine engine : engines.values()) {
      any |= engine.isKnown();
      all &= engine.isRead() || !engine.isKnown();
      engine.parts(domain).forEach(parts::put);
    }
    if (any || named) {
      // A zone without an engine would take names away from whoever else has them.
      context.publish(
          new Table(TABLE, any ? List.of(domain) : List.of(), parts.done(), all || !any));
    }
    if (any != named) {
      named = any;
      context.search(any ? List.of(domain) : List.of());
    }
    tell(sockets.look());
  }
}
