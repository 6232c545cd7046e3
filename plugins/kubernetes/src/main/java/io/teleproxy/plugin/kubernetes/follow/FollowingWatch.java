package io.teleproxy.plugin.kubernetes.follow;

import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.plugin.kubernetes.watch.WatchSession;
import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Finding;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.UserException;
import io.teleproxy.spi.Watcher;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A watch of the cluster of the kubeconfig as it is now. When the files have other credentials of
 * the same user, these are used from then on. When they lead somewhere else, a watch of that is
 * opened beside the old one; once it has read its cluster, the tunnel moves, the table is replaced,
 * and the old watch ends. As long as it has not, and while the files are broken, everything stays
 * as it is, and the health says why.
 */
public final class FollowingWatch implements Watcher.Session {
  private static final Logger LOG = LoggerFactory.getLogger(FollowingWatch.class);
  private static final long PERIOD_MILLIS = 500;

  private final Watcher.Context context;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "kubeconfig-watch");
            thread.setDaemon(true);
            return thread;
          });

  // guarded by this
  private Stage current;
  private @Nullable Stage coming;
  private List<String> stamps;
  private boolean closed;

  private FollowingWatch(Watcher.Context context) {
    this.context = context;
    ClusterSession cluster = ClusterSession.acquire(context.environment());
    this.stamps = FileStamps.of(cluster.files());
    this.current = new Stage(cluster);
    current.active = true;
    current.open();
  }

  /**
   * Starts to watch.
   *
   * @throws UserException if the kubeconfig cannot be used
   */
  public static FollowingWatch open(Watcher.Context context) {
    FollowingWatch watch = new FollowingWatch(context);
    watch.timer.scheduleWithFixedDelay(
        watch::look, PERIOD_MILLIS, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
    return watch;
  }

  /** Whether the files have changed; called by the timer. */
  private void look() {
    try {
      List<String> now = FileStamps.of(current().cluster.files());
      synchronized (this) {
        if (closed || now.equals(stamps)) {
          return;
        }
        stamps = now;
      }
      follow();
    } catch (RuntimeException e) {
      LOG.warn("kubeconfig: a change cannot be followed", e);
    }
  }

  @Override
  public void reload() {
    timer.execute(this::follow);
  }

  @Override
  public void networkChanged() {
    current().networkChanged();
  }

  private void follow() {
    Stage next;
    try {
      synchronized (this) {
        Stage latest = coming == null ? current : coming;
        if (closed || !latest.cluster.leadsElsewhere()) {
          current.tell();
          return;
        }
        abandon();
        next = new Stage(ClusterSession.renew(context.environment()));
        coming = next;
      }
    } catch (UserException e) {
      complain(String.valueOf(e.getMessage()), e.remedy());
      return;
    }
    LOG.info(
        "kubeconfig: it leads to another place now: [server={} context={} namespace={}]",
        next.cluster.server(),
        next.cluster.context(),
        next.cluster.namespace());
    next.open();
  }

  @Override
  public List<Finding> behind(String host, Protocol protocol, int port) {
    return current().behind(host, protocol, port);
  }

  private synchronized Stage current() {
    return current;
  }

  private synchronized boolean awaited(Stage stage) {
    return stage == coming;
  }

  private void complain(String reason, String remedy) {
    Stage stays = current();
    context.health(
        Health.degraded(
                reason + " (the context " + stays.cluster.context() + " stays in use)", remedy)
            .because(Cause.KUBECONFIG_BROKEN));
  }

  /** Gives up what is coming. */
  private void abandon() {
    if (coming != null) {
      coming.close();
      coming = null;
    }
  }

  /** The new cluster is known: from here on it is the one. */
  private void arrived(Stage stage) {
    Stage old;
    synchronized (this) {
      if (closed || stage != coming) {
        return;
      }
      old = current;
      old.active = false;
      current = stage;
      coming = null;
      stage.active = true;
    }
    FollowingTunnel.moveAll(context.environment());
    stage.show();
    old.close();
  }

  @Override
  public void close() {
    timer.shutdownNow();
    synchronized (this) {
      closed = true;
      abandon();
      current.close();
    }
  }

  /** The watch of one cluster, whose words get through once it is the current one. */
  private final class Stage implements Watcher.Context {
    final ClusterSession cluster;
    volatile boolean active;
    private final HeldBack held = new HeldBack();
    private @Nullable WatchSession session;
    private boolean ended;

    Stage(ClusterSession cluster) {
      this.cluster = cluster;
    }

    void open() {
      WatchSession opened = WatchSession.open(cluster, this);
      synchronized (held) {
        session = opened;
        if (ended) {
          opened.close();
        }
      }
    }

    void networkChanged() {
      synchronized (held) {
        if (session != null) {
          session.networkChanged();
        }
      }
    }

    List<Finding> behind(String host, Protocol protocol, int port) {
      synchronized (held) {
        return session == null ? List.of() : session.behind(host, protocol, port);
      }
    }

    /** What was held back until now. */
    void show() {
      held.release(context);
    }

    /** Says again how it is, after something else was said in its place. */
    void tell() {
      held.tellHealth(context);
    }

    void close() {
      synchronized (held) {
        ended = true;
        if (session != null) {
          session.close();
        }
      }
    }

    @Override
    public Environment environment() {
      return context.environment();
    }

    @Override
    public int target() {
      return context.target();
    }

    @Override
    public void publish(Table table) {
      if (active) {
        context.publish(table);
        return;
      }
      held.table(table);
      if (table.synced()) {
        arrived(this);
      }
    }

    @Override
    public void search(List<String> domains) {
      held.search(domains);
      if (active) {
        context.search(domains);
      }
    }

    @Override
    public void details(Map<String, String> known) {
      held.details(known);
      if (active) {
        context.details(known);
      }
    }

    @Override
    public void health(Health health) {
      held.health(health);
      if (active) {
        context.health(health);
      } else if (awaited(this)
          && (health.state() == Health.State.DEGRADED || health.state() == Health.State.FAILED)) {
        complain(
            "the kubeconfig names the context "
                + cluster.context()
                + " now, which is not reached: "
                + health.reason(),
            health.remedy());
      }
    }

    @Override
    public void fail(UserException reason) {
      if (active) {
        context.fail(reason);
      } else if (awaited(this)) {
        complain(
            "the kubeconfig names the context "
                + cluster.context()
                + " now, which cannot be used: "
                + reason.getMessage(),
            reason.remedy());
      }
    }
  }
}
