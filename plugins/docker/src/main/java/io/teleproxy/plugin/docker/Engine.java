package io.teleproxy.plugin.docker;

import io.netty.channel.EventLoop;
import io.teleproxy.spi.Table.Part;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine of one socket, which comes and goes: who follows it, and what is known of it. All of
 * it on the event loop.
 */
final class Engine implements EngineFollower.Owner, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

  /** For as long its containers stay when it ends: if it is started again, names stay. */
  private static final long GRACE_MILLIS = 2_000;

  private static final long FIRST_PAUSE_MILLIS = 200;
  private static final long LONGEST_PAUSE_MILLIS = 5_000;

  private final Path socket;
  private final EventLoop loop;
  private final Runnable changed;
  private @Nullable EngineFollower follower;
  private Collection<ContainerView> containers = List.of();
  private boolean rootless;
  private boolean known;
  private int failures;
  private long pauseUntil;
  private String trouble = "";

  /**
   * @param changed called when what is known has changed
   */
  Engine(Path socket, EventLoop loop, Runnable changed) {
    this.socket = socket;
    this.loop = loop;
    this.changed = changed;
    this.pauseUntil = System.nanoTime();
  }

  /** Its socket is there: follows it, unless that is so already, or failed just now. */
  void follow(boolean ofAUser) {
    if (follower == null && System.nanoTime() - pauseUntil >= 0) {
      rootless = ofAUser;
      EngineFollower starting = new EngineFollower(new EngineApi(loop, socket), loop, this);
      follower = starting;
      starting.start();
    }
  }

  @Override
  public void changed(EngineFollower from) {
    containers = from.containers();
    if (!known || failures > 0) {
      LOG.info("docker: [engine={} containers={}]", socket, containers.size());
    }
    known = true;
    failures = 0;
    trouble = "";
    changed.run();
  }

  @Override
  public void ended(EngineFollower from, Throwable reason) {
    follower = null;
    boolean nobody = reason instanceof EngineApi.NobodyThere;
    boolean followed = from.isRead();
    trouble = nobody || followed ? "" : String.valueOf(reason.getMessage());
    LOG.debug("docker: {} is not followed: {}", socket, reason.toString());
    long pause = Math.min(LONGEST_PAUSE_MILLIS, FIRST_PAUSE_MILLIS << Math.min(failures, 10));
    failures++;
    pauseUntil = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(pause);
    if (followed) {
      loop.schedule(this::forget, GRACE_MILLIS, TimeUnit.MILLISECONDS);
    }
    changed.run();
  }

  private void forget() {
    if (known && !isRead()) {
      LOG.info("docker: [engine={} gone]", socket);
      known = false;
      containers = List.of();
      changed.run();
    }
  }

  /** Follows it no more, and says nothing. */
  @Override
  public void close() {
    EngineFollower running = follower;
    if (running != null) {
      running.close();
    }
  }

  /** Whether its containers are known, or were a moment ago. */
  boolean isKnown() {
    return known;
  }

  /** Whether it is followed, and all of its containers are known. */
  boolean isRead() {
    return follower != null && follower.isRead();
  }

  /** Whether it is being looked at for the first time. */
  boolean isStarting() {
    return !known && failures == 0;
  }

  /** What it answers instead of what it should; empty if all is well, or nobody is there. */
  String trouble() {
    return trouble;
  }

  Path socket() {
    return socket;
  }

  int size() {
    return containers.size();
  }

  /** Parts of a table; their keys are the containers' ids. */
  Map<String, Part> parts(String domain) {
    Predicate<InetAddress> reachable =
        rootless || containers.isEmpty() ? address -> false : LocalNetworks.now();
    return ContainerTable.parts(containers, domain, reachable);
  }
}
