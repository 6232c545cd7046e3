package io.teleproxy.plugin.kubernetes.watch;

import io.teleproxy.plugin.kubernetes.api.ApiClient;
import io.teleproxy.plugin.kubernetes.api.ApiException;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.plugin.kubernetes.model.ClusterSnapshot;
import io.teleproxy.plugin.kubernetes.model.LiveCluster;
import io.teleproxy.plugin.kubernetes.table.ClusterTable;
import io.teleproxy.plugin.kubernetes.watch.ResourceWatch.Scope;
import io.teleproxy.spi.Finding;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Settings;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.UserException;
import io.teleproxy.spi.Watcher;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the table of one cluster true. One thread of its own owns the state and publishes; one more
 * for each kind of objects only enqueues what it reads, and one looks after the connection.
 */
public final class WatchSession implements Watcher.Session {
  private static final Logger LOG = LoggerFactory.getLogger(WatchSession.class);

  /** Changes within that time of a publication are published together. */
  private static final long COALESCE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final ClusterSession cluster;
  private final Watcher.Context context;
  private final ApiClient api;
  private final NamespaceChoice namespaces;
  private final int ttl;
  private final int target;
  private final long startTimeoutNanos;
  private final List<Thread> threads = new ArrayList<>();
  private final BlockingQueue<Runnable> changes = new LinkedBlockingQueue<>();
  private final List<ResourceWatch<?>> watches = new ArrayList<>();
  private final AtomicBoolean closed = new AtomicBoolean();

  private final Heartbeat heartbeat;

  // used by the session's thread only
  private final ClusterStore store = new ClusterStore();
  private final List<WatchState> states = new ArrayList<>();
  private final WatchHealth health;
  private final long started = System.nanoTime();
  private String domain = ClusterDomain.USUAL;
  private boolean domainKnown;

  /** What was published last; null before there is anything to publish. */
  private @Nullable Table table;

  private boolean ready;
  private boolean dirty;
  private long published;

  /** What is known of the cluster, for whoever asks; null before it has been read. */
  private volatile @Nullable Behind behind;

  private WatchSession(ClusterSession cluster, Watcher.Context context) {
    Settings settings = context.environment().settings();
    this.cluster = cluster;
    this.context = context;
    this.api = ApiClient.open(cluster);
    this.ttl = settings.integer("ttl", 5);
    this.target = context.target();
    this.startTimeoutNanos = settings.duration("start-timeout", Duration.ofSeconds(20)).toNanos();
    this.namespaces = NamespaceChoice.of(settings);
    this.domainKnown = cluster.configuredDomain().isPresent();
    this.health = new WatchHealth(cluster, context);
    this.heartbeat = new Heartbeat(api, () -> watches.forEach(ResourceWatch::goOn));
  }

  /** Starts to watch; the session closes the cluster session with itself. */
  public static WatchSession open(ClusterSession cluster, Watcher.Context context) {
    WatchSession session = new WatchSession(cluster, context);
    session.start();
    return session;
  }

  private void start() {
    domain(cluster.configuredDomain().orElse(ClusterDomain.USUAL));
    health.starting();
    // Starts the credentials' work before the threads ask for it, and once.
    cluster.access();
    follow(Resource.SERVICES, store.services, true);
    follow(Resource.ENDPOINTS, store.endpoints, true);
    follow(Resource.PODS, store.pods, false);
    follow(Resource.NODES, store.nodes, false);
    follow(Resource.NAMESPACES, store.namespaces, false);
    if (!domainKnown) {
      thread("kubernetes-domain", this::findDomain);
    }
    thread("kubernetes-watch", this::run);
    thread("kubernetes-heartbeat", heartbeat);
    threads.forEach(Thread::start);
  }

  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    // First, so that whoever is woken does not begin anew.
    api.close();
    threads.forEach(Thread::interrupt);
    cluster.close();
  }

  /** Claims the domain; names in it are not answered before everything has been read. */
  private void domain(String found) {
    domain = found;
    context.publish(Table.pending(ClusterTable.NAME, ClusterTable.zones(domain)));
    context.search(List.of(cluster.namespace() + ".svc." + domain, "svc." + domain, domain));
  }

  @Override
  public List<Finding> behind(String host, Protocol protocol, int port) {
    Behind known = behind;
    return known == null ? List.of() : known.find(host, protocol, port);
  }

  private void findDomain() {
    try {
      String found = new ClusterDomain(api).find();
      changes.add(
          () -> {
            domainKnown = true;
            if (!found.equals(domain)) {
              domain(found);
            }
          });
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private <T> void follow(Resource<T> resource, ClusterStore.Objects<T> objects, boolean required) {
    follow(List.of(resource), objects, required);
  }

  private <T> void follow(
      List<Resource<T>> versions, ClusterStore.Objects<T> objects, boolean required) {
    String plural = versions.get(0).plural();
    WatchState state = new WatchState(plural, required);
    states.add(state);
    ResourceWatch<T> watch =
        new ResourceWatch<>(versions, cluster.namespace(), api, new Enqueuing<>(state, objects));
    watches.add(watch);
    thread("kubernetes-" + plural, watch);
  }

  private void thread(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    threads.add(thread);
  }

  /** The session's thread. */
  private void run() {
    try {
      while (!closed.get()) {
        Runnable change = changes.poll(patience(), TimeUnit.NANOSECONDS);
        while (change != null) {
          change.run();
          change = changes.poll();
        }
        advance();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      LOG.error("kubernetes: watching ended", e);
      context.fail(
          new UserException("kubernetes: watching ended: " + e, "Report this with the log.", e));
    }
  }

  /** How long nothing has to be done if nothing comes in. */
  private long patience() {
    if (ready) {
      return dirty
          ? Math.max(0, published + COALESCE_NANOS - System.nanoTime())
          : TimeUnit.HOURS.toNanos(1);
    }
    long left = started + startTimeoutNanos - System.nanoTime();
    // After the deadline it is looked again whether what is being read has failed meanwhile.
    return left > 0 ? left : TimeUnit.SECONDS.toNanos(1);
  }

  private void advance() {
    if (!ready) {
      boolean late = System.nanoTime() - started >= startTimeoutNanos;
      UserException reason = Hopeless.reason(cluster, states, late);
      if (reason != null) {
        context.fail(reason);
        close();
        return;
      }
      if (!domainKnown || !allSynced()) {
        health.reading(states);
        return;
      }
    }
    if ((dirty || !ready) && System.nanoTime() - published >= COALESCE_NANOS) {
      publish();
    }
    health.report(states, ready);
  }

  private void publish() {
    ClusterSnapshot snapshot = store.cluster.snapshot();
    LiveCluster.Touched touched = store.cluster.takeTouched();
    ClusterTable entries = new ClusterTable(domain, target, ttl);
    table = table == null ? entries.of(snapshot) : entries.changed(table, snapshot, touched);
    // The tunnel must know a destination before anybody can be sent there.
    cluster.publish(new SnapshotView(snapshot, cluster.namespace(), domain));
    behind = new Behind(snapshot, cluster.namespace(), domain);
    health.counted(store);
    context.publish(table);
    dirty = false;
    published = System.nanoTime();
    if (!ready) {
      ready = true;
      LOG.info(
          "kubernetes: [server={} context={} namespace={} services={} endpoints={} pods={} nodes={}"
              + " after={} ms]",
          cluster.server(),
          cluster.context(),
          cluster.namespace(),
          store.services.size(),
          store.endpoints.size(),
          store.pods.size(),
          store.nodes.size(),
          TimeUnit.NANOSECONDS.toMillis(published - started));
    }
  }

  private boolean allSynced() {
    for (WatchState state : states) {
      if (!state.synced) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void networkChanged() {
    heartbeat.moved();
  }

  /** Carries what one watch reads to the session's thread. */
  private final class Enqueuing<T> implements ResourceWatch.Sink<T> {
    private final WatchState state;
    private final ClusterStore.Objects<T> objects;

    Enqueuing(WatchState state, ClusterStore.Objects<T> objects) {
      this.state = state;
      this.objects = objects;
    }

    @Override
    public void answered() {
      changes.add(() -> state.answered = true);
    }

    @Override
    public void reading(int count) {
      changes.add(() -> state.read = count);
    }

    @Override
    public void listed(Map<String, T> all, Scope scope) {
      all.keySet().removeIf(key -> !namespaces.takes(key));
      changes.add(
          () -> {
            dirty |= objects.replace(all);
            state.synced = true;
            state.scope = scope;
            state.well();
          });
    }

    @Override
    public void changed(String key, @Nullable T object) {
      if (namespaces.takes(key)) {
        changes.add(() -> dirty |= objects.put(key, object));
      }
    }

    @Override
    public void following() {
      changes.add(state::well);
    }

    @Override
    public void failed(ApiException reason) {
      // What close() itself has broken off is no failure.
      if (!closed.get()) {
        changes.add(() -> state.failed(reason, null));
      }
    }

    @Override
    public void failed(UserException reason) {
      changes.add(() -> state.failed(null, reason));
    }

    @Override
    public void forbidden(ApiException reason) {
      changes.add(
          () -> {
            state.failed(reason, null);
            state.forbidden = true;
            state.synced |= !state.required;
          });
    }
  }
}
