package io.teleproxy.plugin.kubernetes.tunnel;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.teleproxy.plugin.kubernetes.agent.AgentLinks;
import io.teleproxy.plugin.kubernetes.api.ApiConnector;
import io.teleproxy.plugin.kubernetes.api.ConnectFailure;
import io.teleproxy.plugin.kubernetes.api.ConnectFailure.Retry;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget;
import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget.None;
import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget.PodPort;
import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget.Reason;
import io.teleproxy.plugin.kubernetes.cluster.ClusterView;
import io.teleproxy.plugin.kubernetes.portforward.Carrier;
import io.teleproxy.plugin.kubernetes.portforward.PodConnection;
import io.teleproxy.plugin.kubernetes.portforward.PodPool;
import io.teleproxy.spi.Tunnel.DialFailure;
import java.net.InetSocketAddress;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Leads a flow to its far end: finds out where that is, tries again while it makes sense, and gives
 * up in time. Confined to the event loop.
 */
final class Dial implements FlowLead, PodPool.Waiter, AgentLinks.Waiter {
  private static final long FIRST_BACKOFF_MILLIS = 50;
  private static final long MAX_BACKOFF_MILLIS = 1_000;

  /** A reused connection that does not answer in this time is dead: a fresh one is tried. */
  private static final long REUSED_ANSWER_MILLIS = 3_000;

  private static final int MAX_GONE_SKIPPED = 8;

  /** What all dials of a session share. */
  record Surroundings(
      EventLoop loop,
      ClusterSession cluster,
      ApiConnector connector,
      Function<PodPort, PodPool> pools,
      @Nullable AgentLinks agent,
      boolean agentOnly,
      Consumer<ConnectFailure> failures,
      BooleanSupplier hadAccess,
      BooleanSupplier justBack,
      long timeoutMillis,
      long halfCloseDelayNanos) {}

  private final Surroundings surroundings;
  private final InetSocketAddress to;
  private final Flow flow;
  private String trouble = "no answer";
  private long backoffMillis = FIRST_BACKOFF_MILLIS;
  private boolean reused;
  private @Nullable PodPort podPort;
  private @Nullable PodPort gone;
  private @Nullable PodPool waitingAt;
  private @Nullable Future<?> deadline;
  private @Nullable Future<?> timer;

  Dial(Surroundings surroundings, InetSocketAddress to, Flow flow) {
    this.surroundings = surroundings;
    this.to = to;
    this.flow = flow;
  }

  void start() {
    if (flow.ended()) {
      return;
    }
    flow.lead(this);
    deadline =
        surroundings
            .loop()
            .schedule(this::timedOut, surroundings.timeoutMillis(), TimeUnit.MILLISECONDS);
    attempt();
  }

  private void attempt() {
    if (!flow.waiting()) {
      return;
    }
    if (throughAgent()) {
      return;
    }
    ClusterTarget target = resolve();
    if (target instanceof PodPort found) {
      podPort = found;
      waitingAt = surroundings.pools().apply(found);
      waitingAt.acquire(this);
    } else if (target instanceof ClusterTarget.ApiServer) {
      surroundings.connector().raw(this::direct, this::connectFailed);
    } else if (target instanceof None none && none.reason() == Reason.NOT_YET_KNOWN) {
      trouble = none.detail();
      attemptLater();
    } else {
      flow.fail(unreachable(target));
    }
  }

  /** Whether the agent has the flow now, or will have it, or the dial has to wait for it. */
  private boolean throughAgent() {
    AgentLinks agent = surroundings.agent();
    if (agent == null) {
      return false;
    }
    reused = false;
    Carrier stream = agent.open(surroundings.cluster().view().endpoint(to), flow);
    if (stream != null) {
      flow.attach(stream);
      return true;
    }
    if (agent.state() == AgentLinks.State.RECOVERING || surroundings.agentOnly()) {
      trouble = "the agent is out of reach";
      agent.await(this);
      return true;
    }
    return false;
  }

  @Override
  public void lookAgain() {
    attempt();
  }

  /** The view takes turns between the endpoints of a service: the one that is gone comes up too. */
  private ClusterTarget resolve() {
    ClusterView view = surroundings.cluster().view();
    ClusterTarget target = view.resolve(to);
    for (int i = 0; i < MAX_GONE_SKIPPED && isGone(target); i++) {
      target = view.resolve(to);
    }
    return target;
  }

  private boolean isGone(ClusterTarget target) {
    return gone != null
        && target instanceof PodPort pod
        && pod.pod().equals(gone.pod())
        && pod.namespace().equals(gone.namespace());
  }

  private DialFailure unreachable(ClusterTarget target) {
    if (target instanceof ClusterTarget.External external) {
      return new DialFailure(
          DialFailure.Kind.NETWORK_UNREACHABLE,
          external.address().getHostAddress()
              + " is no pod's address: reaching it takes an agent in the cluster");
    }
    if (target instanceof None none) {
      DialFailure.Kind kind =
          none.reason() != Reason.UNKNOWN_DESTINATION
              ? DialFailure.Kind.REFUSED
              : to.isUnresolved()
                  ? DialFailure.Kind.NAME_NOT_FOUND
                  : DialFailure.Kind.HOST_UNREACHABLE;
      return new DialFailure(kind, none.detail());
    }
    return new DialFailure(DialFailure.Kind.GENERAL, "no way to " + target);
  }

  private void direct(Channel channel) {
    if (flow.waiting()) {
      flow.attach(DirectCarrier.on(channel, flow));
      flow.accepted();
    } else {
      channel.close();
    }
  }

  @Override
  public void connected(PodConnection connection) {
    waitingAt = null;
    PodPort target = podPort;
    if (!flow.waiting() || target == null) {
      connection.release(true);
      return;
    }
    reused = !connection.fresh();
    flow.attach(connection.open(target.port(), flow, surroundings.halfCloseDelayNanos()));
    if (reused) {
      timer =
          surroundings
              .loop()
              .schedule(
                  () -> {
                    flow.detach();
                    lostBeforeAccepted("a reused connection did not answer");
                  },
                  REUSED_ANSWER_MILLIS,
                  TimeUnit.MILLISECONDS);
    }
  }

  @Override
  public void connectFailed(ConnectFailure failure) {
    waitingAt = null;
    if (!flow.waiting()) {
      return;
    }
    surroundings.failures().accept(failure);
    trouble = failure.detail();
    PodPort target = podPort;
    boolean expired =
        failure.retry() == Retry.CREDENTIALS && surroundings.hadAccess().getAsBoolean();
    // An API server that has just started does not know yet what a user may do.
    boolean starting = failure.forbidden() && surroundings.justBack().getAsBoolean();
    if (failure.retry() == Retry.LATER || expired || starting) {
      attemptLater();
    } else if (failure.retry() == Retry.ELSEWHERE && gone == null) {
      gone = target;
      attempt();
    } else {
      flow.fail(failure.dialFailure());
    }
  }

  @Override
  public void lostBeforeAccepted(String reason) {
    cancel(timer);
    trouble = reason;
    if (reused) {
      // It had gone stale while idle; the next is a fresh one, or at least a younger one.
      attempt();
    } else {
      attemptLater();
    }
  }

  @Override
  public void done() {
    cancel(timer);
    cancel(deadline);
    if (surroundings.agent() != null) {
      surroundings.agent().cancel(this);
    }
    if (waitingAt != null) {
      waitingAt.cancel(this);
      waitingAt = null;
    }
  }

  private void attemptLater() {
    long jitter = ThreadLocalRandom.current().nextLong(backoffMillis / 2 + 1);
    timer =
        surroundings
            .loop()
            .schedule(this::attempt, backoffMillis / 2 + jitter, TimeUnit.MILLISECONDS);
    backoffMillis = Math.min(backoffMillis * 2, MAX_BACKOFF_MILLIS);
  }

  private void timedOut() {
    flow.fail(
        new DialFailure(
            DialFailure.Kind.TIMED_OUT,
            "gave up after " + surroundings.timeoutMillis() + " ms: " + trouble));
  }

  private static void cancel(@Nullable Future<?> timer) {
    if (timer != null) {
      timer.cancel(false);
    }
  }
}
