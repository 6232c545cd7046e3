package io.teleproxy.plugin.ssh.link;

import io.teleproxy.plugin.ssh.client.SshConnector;
import io.teleproxy.plugin.ssh.client.SshTrouble;
import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Tunnel;
import io.teleproxy.spi.Tunnel.DialFailure;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tunnel: keeps one link to the server, makes another when it breaks or falls silent, and lets
 * dials wait meanwhile. One thread connects, one looks after links and waiting dials. Thread-safe.
 */
public final class SshTunnel implements Tunnel.Session {
  /** Told what becomes of the connection to the server. */
  public interface Watched {
    /** How it is now. */
    void health(Health health);

    /** There is a connection. */
    void connected(Map<String, String> details);

    /** There is none, and it is the user's turn. */
    void refused(SshTrouble trouble);
  }

  private static final Logger log = LoggerFactory.getLogger(SshTunnel.class);

  private static final long FIRST_PAUSE_MILLIS = 100;
  private static final long LONGEST_PAUSE_MILLIS = 1_000;

  /** Servers shut out who is refused too often. */
  private static final long LONGEST_PAUSE_REFUSED_MILLIS = 60_000;

  private static final long LOOK_MILLIS = 500;
  private static final long SLEPT_MILLIS = 5_000;

  /** By so much all receive windows together may grow beyond their first size. */
  private static final long WINDOWS = 64L << 20;

  private static final DialFailure CLOSED =
      new DialFailure(DialFailure.Kind.GENERAL, "the tunnel is closed");

  private final SshConnector connector;
  private final Duration dialTimeout;
  private final Watched watched;
  private final AtomicLong windows = new AtomicLong(WINDOWS);
  private final Thread connecting = new Thread(this::connect, "ssh-connect");
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "ssh-timer");
            thread.setDaemon(true);
            return thread;
          });

  /** A dial for which there is no link yet. */
  private record Waiting(Flow flow, long until) {}

  // guarded by this
  private @Nullable Link current;
  private final Set<Link> links = new LinkedHashSet<>();
  private final List<Waiting> waiting = new ArrayList<>();
  private @Nullable SshTrouble trouble;
  private boolean closed;

  /** On the timer's thread. */
  private long looked = System.currentTimeMillis();

  /**
   * Begins to connect, in the background.
   *
   * @param dialTimeout for how long a dial waits for a link
   */
  public SshTunnel(SshConnector connector, Duration dialTimeout, Watched watched) {
    this.connector = connector;
    this.dialTimeout = dialTimeout;
    this.watched = watched;
    connecting.setDaemon(true);
    connecting.start();
    timer.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
  }

  @Override
  public Tunnel.Connection dial(InetSocketAddress to, Tunnel.Listener listener) {
    Flow flow = new Flow(to, listener, this::again);
    dial(flow);
    return flow;
  }

  /** The link of a dial has broken before there was a channel: it waits for the next. */
  private void again(Flow flow) {
    boolean over;
    synchronized (this) {
      over = closed;
      if (!over) {
        waiting.add(new Waiting(flow, System.nanoTime() + dialTimeout.toNanos()));
      }
    }
    if (over) {
      flow.fail(CLOSED);
    }
  }

  private void dial(Flow flow) {
    Link link;
    DialFailure failure = null;
    synchronized (this) {
      link = current;
      if (link == null || !link.isOpen() || link.isSilent()) {
        link = null;
        SshTrouble now = trouble;
        if (closed) {
          failure = CLOSED;
        } else if (now != null && now.isLasting()) {
          failure = new DialFailure(DialFailure.Kind.NETWORK_UNREACHABLE, now.reason());
        } else {
          waiting.add(new Waiting(flow, System.nanoTime() + dialTimeout.toNanos()));
        }
      }
    }
    if (link != null) {
      link.dial(flow);
    } else if (failure != null) {
      flow.fail(failure);
    }
  }

  // --- the thread that connects ----------------------------------------------------------------

  private void connect() {
    long pause = FIRST_PAUSE_MILLIS;
    while (awaitNeed()) {
      try {
        Link link = new Link(connector.connect(), windows);
        pause = FIRST_PAUSE_MILLIS;
        adopt(link);
      } catch (SshTrouble e) {
        tell(e);
        sleep(pause);
        pause =
            Math.min(
                pause * 2, e.isLasting() ? LONGEST_PAUSE_REFUSED_MILLIS : LONGEST_PAUSE_MILLIS);
      } catch (RuntimeException | LinkageError e) {
        log.warn("ssh: connecting failed", e);
        sleep(LONGEST_PAUSE_MILLIS);
      }
    }
  }

  /** False when it is over. */
  private synchronized boolean awaitNeed() {
    try {
      while (!closed && current != null && current.isOpen() && !current.isSilent()) {
        wait(LOOK_MILLIS);
      }
      return !closed;
    } catch (InterruptedException e) {
      return false;
    }
  }

  /** With jitter: many who have lost the same server are not to come back at once. */
  private void sleep(long millis) {
    try {
      Thread.sleep(millis / 2 + ThreadLocalRandom.current().nextLong(millis / 2 + 1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void adopt(Link link) {
    List<Waiting> dials;
    synchronized (this) {
      if (closed) {
        link.close();
        return;
      }
      current = link;
      links.add(link);
      trouble = null;
      dials = List.copyOf(waiting);
      waiting.clear();
    }
    link.onEnd(() -> ended(link));
    log.info("ssh: connected to {}", connector.server());
    Map<String, String> details = new LinkedHashMap<>();
    details.put("server", connector.server().toString());
    if (!connector.way().isEmpty()) {
      details.put("over", connector.way());
    }
    details.put("cipher", link.cipher());
    watched.connected(details);
    watched.health(Health.ready());
    dials.forEach(dial -> link.dial(dial.flow()));
  }

  private void ended(Link link) {
    boolean last;
    synchronized (this) {
      links.remove(link);
      last = current == link;
      if (last) {
        current = null;
      }
      notifyAll();
      last &= !closed;
    }
    link.close();
    if (last) {
      watched.health(
          Health.degraded("the connection to " + connector.server() + " is gone", "")
              .because(Cause.SSH_SERVER_UNREACHABLE));
    }
  }

  private void tell(SshTrouble now) {
    List<Waiting> dials = List.of();
    boolean news;
    synchronized (this) {
      news = trouble == null || !trouble.reason().equals(now.reason());
      trouble = now;
      if (now.isLasting()) {
        dials = List.copyOf(waiting);
        waiting.clear();
      }
    }
    if (news) {
      log.debug("ssh: {}", now.reason());
      watched.health(now.health());
    }
    if (now.isLasting()) {
      watched.refused(now);
      dials.forEach(
          dial ->
              dial.flow()
                  .fail(new DialFailure(DialFailure.Kind.NETWORK_UNREACHABLE, now.reason())));
    }
  }

  // --- the timer's thread
  // --------------------------------------------------------------------------

  private void look() {
    try {
      long now = System.currentTimeMillis();
      boolean slept = now - looked > SLEPT_MILLIS;
      looked = now;
      List<Link> all;
      List<Flow> late = new ArrayList<>();
      String reason;
      synchronized (this) {
        all = List.copyOf(links);
        SshTrouble why = trouble;
        reason = why == null ? "no connection to the SSH server" : why.reason();
        long time = System.nanoTime();
        waiting.removeIf(
            dial -> {
              boolean over = dial.until() - time < 0 || dial.flow().isOver();
              if (over) {
                late.add(dial.flow());
              }
              return over;
            });
      }
      all.forEach(link -> link.look(slept));
      resume();
      late.forEach(flow -> flow.fail(new DialFailure(DialFailure.Kind.TIMED_OUT, reason)));
    } catch (RuntimeException | LinkageError e) {
      log.warn("ssh: looking after the connection failed", e);
    }
  }

  /** A link that had fallen silent speaks again, or a dial has come in between. */
  private void resume() {
    Link link;
    List<Waiting> dials = List.of();
    boolean news = false;
    synchronized (this) {
      link = current;
      if (link != null && link.isOpen() && !link.isSilent()) {
        dials = List.copyOf(waiting);
        waiting.clear();
        news = trouble != null;
        trouble = null;
      }
    }
    if (link != null) {
      dials.forEach(dial -> link.dial(dial.flow()));
    }
    if (news) {
      watched.health(Health.ready());
    }
  }

  @Override
  public void close() {
    List<Link> all;
    List<Waiting> dials;
    synchronized (this) {
      closed = true;
      all = List.copyOf(links);
      dials = List.copyOf(waiting);
      waiting.clear();
      notifyAll();
    }
    timer.shutdownNow();
    connecting.interrupt();
    dials.forEach(dial -> dial.flow().fail(CLOSED));
    all.forEach(Link::close);
    connector.close();
  }
}
