package io.teleproxy.plugin.kubernetes.agent;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.teleproxy.plugin.kubernetes.api.ApiConnector;
import io.teleproxy.plugin.kubernetes.api.ConnectFailure;
import io.teleproxy.plugin.kubernetes.portforward.PodPipe;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Keeps as many connections to the agent's pod as are wanted: opens those that are missing, over
 * port-forwards and the {@link DirectWay}, again and again until the pod turns out to be lost.
 * Confined to the event loop.
 */
final class LinkKeeper implements AgentLink.Owner {
  /** Where in the pod the agent listens, on loopback. */
  static final int PORT = 7474;

  /**
   * So long an API server may say that it does not get through to the pod, as while a kubelet
   * restarts.
   */
  private static final long BARRED_NANOS = TimeUnit.SECONDS.toNanos(3);

  /** So long an API server that has just started may not know yet what a user may do. */
  private static final long FORBIDDEN_NANOS = TimeUnit.SECONDS.toNanos(6);

  private static final long BESIDE_NANOS = TimeUnit.MILLISECONDS.toNanos(800);
  private static final int MOST_BESIDE = 5;

  /** When those that are there do, and more are refused. */
  private static final long REFUSED_PAUSE_MILLIS = 10_000;

  private record Pod(String namespace, String name) {}

  private final ApiConnector connector;
  private final LinkPool pool;
  private final int wanted;
  private final AgentLinks.Observer observer;
  private final Runnable wake;
  private final LinkUpgrade upgrade;
  private final LinkRetry retry;
  private final DirectWay way;

  /** To which connections are opened; null while there is none. */
  private @Nullable Pod pod;

  /** To which the connections lead that are there. */
  private @Nullable Pod linked;

  /** Which process of the agent is there; 0 while that is not known. */
  private long instance;

  /** Whether one of them has worked. */
  private boolean up;

  private int opening;
  private int reconnects;
  private long barredSince;
  private long lastOpening;

  /**
   * Opens nothing at first.
   *
   * @param pool where the connections are to be
   * @param wake run when those who wait for a connection are to look again
   */
  LinkKeeper(
      EventLoop loop,
      ApiConnector connector,
      LinkPool pool,
      int wanted,
      boolean direct,
      AgentLinks.Observer observer,
      Runnable wake) {
    this.connector = connector;
    this.pool = pool;
    this.wanted = wanted;
    this.observer = observer;
    this.wake = wake;
    this.upgrade = new LinkUpgrade(loop, pool, this);
    this.retry = new LinkRetry(loop, this::openMissing);
    this.way = new DirectWay(direct, connector, pool, upgrade, retry, this::openMissing);
  }

  /** Whether the connections lead to this pod. */
  boolean leadTo(String namespace, String name) {
    return new Pod(namespace, name).equals(linked);
  }

  /** Opens connections to this pod from now on. */
  void use(String namespace, String name) {
    if (!leadTo(namespace, name)) {
      way.reset();
      linked = new Pod(namespace, name);
      instance = 0;
      up = false;
    }
    pod = linked;
    barredSince = 0;
    retry.reset();
    openMissing();
  }

  /** Opens no more. */
  void stop() {
    pod = null;
  }

  /** Whether connections are opened to a pod to which they have led. */
  boolean recovering() {
    return pod != null && up;
  }

  /** How often a connection that had worked was replaced. */
  int reconnects() {
    return reconnects;
  }

  /** What failed may work now. */
  void networkChanged() {
    retry.cancel();
    retry.reset();
    openMissing();
  }

  /** Looks whether some are missing, or too long on the way. */
  void tick(long now) {
    way.ask();
    openMissing();
    openBeside(now);
  }

  private void openMissing() {
    Pod target = pod;
    if (target == null || retry.pending()) {
      return;
    }
    // The first alone, and through the node: whether it works decides about the others.
    boolean all = up && !way.hopeful();
    int goal = all ? wanted : 1;
    for (int good = opening + (all ? pool.lasting() : pool.promising()); good < goal; good++) {
      open(target);
    }
    if (up) {
      way.openMissing(wanted, target.namespace, target.name, () -> target.equals(pod));
    }
  }

  private void open(Pod target) {
    opening++;
    lastOpening = System.nanoTime();
    connector.portForward(target.namespace, target.name, new Opening(target));
  }

  /**
   * While there is no connection, one that takes long gets company: its packets may have been lost,
   * and TCP repeats the first one after 1 and 3 s only.
   */
  private void openBeside(long now) {
    Pod target = pod;
    if (target != null
        && opening > 0
        && opening < MOST_BESIDE
        && pool.usable() == 0
        && now - lastOpening > BESIDE_NANOS) {
      open(target);
    }
  }

  private void lost(String reason, String remedy) {
    pod = null;
    up = up && !pool.isEmpty();
    observer.podLost(reason, remedy);
    wake.run();
  }

  /** A port-forward, and the agent at its other end. */
  private final class Opening implements ApiConnector.Result {
    private final Pod target;

    Opening(Pod target) {
      this.target = target;
    }

    @Override
    public void answered(ChannelHandlerContext context, int status, String message) {
      opening--;
      if (status != 101) {
        context.close();
        gone(ConnectFailure.answered(status, message, target.namespace, target.name));
      } else if (target.equals(pod)) {
        PodPipe pipe = new PodPipe(PORT);
        upgrade.start(context, List.of(pipe), false, () -> neverAnswered(pipe.errorText()));
      } else {
        context.close();
      }
    }

    @Override
    public void failed(ConnectFailure failure) {
      opening--;
      if (target.equals(pod)) {
        if (pool.usable() == 0) {
          observer.unreachable(failure);
        }
        retry.later();
      }
    }

    private void gone(ConnectFailure failure) {
      if (!target.equals(pod)) {
        return;
      }
      long now = System.nanoTime();
      barredSince = barredSince == 0 ? now : barredSince;
      if (failure.retry() != ConnectFailure.Retry.ELSEWHERE && pool.usable() > 0) {
        retry.in(REFUSED_PAUSE_MILLIS);
      } else if ((failure.retry() == ConnectFailure.Retry.LATER && now - barredSince < BARRED_NANOS)
          || (failure.forbidden() && up && now - barredSince < FORBIDDEN_NANOS)) {
        retry.later();
      } else {
        lost(failure.detail(), failure.remedy());
      }
    }

    /** A port-forward came about, but no agent spoke: it listens no more, or not yet. */
    private void neverAnswered(String errorText) {
      if (target.equals(pod)) {
        if (up && pool.isEmpty()) {
          lost(errorText.isEmpty() ? "the agent does not answer" : errorText, "");
        } else {
          retry.later();
        }
      }
    }
  }

  // --- what happens to them

  @Override
  public void ready(AgentLink link) {
    retry.reset();
    barredSince = 0;
    up = true;
    if (link.direct()) {
      way.works();
    }
    if (instance != 0 && link.instance() != instance) {
      way.reset();
      observer.replaced();
    }
    instance = link.instance();
    observer.up();
    way.ask();
    openMissing();
    wake.run();
  }

  @Override
  public void recovered(AgentLink link) {
    wake.run();
  }

  @Override
  public void leaving(AgentLink link) {
    if (pod != null && pool.usable() == 0) {
      lost("the agent is being ended", "");
    }
  }

  @Override
  public void closed(AgentLink link) {
    pool.remove(link);
    if (link.direct() && !pool.hasDirect()) {
      way.forget();
    }
    if (pod == null) {
      up = up && !pool.isEmpty();
    } else if (link.settled()) {
      if (pool.isEmpty()) {
        retry.cancel();
      }
      reconnects += link.surplus() ? 0 : 1;
      openMissing();
    }
  }
}
