package io.teleproxy.plugin.kubernetes.agent;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.util.concurrent.Future;
import io.teleproxy.agent.wire.WindowBudget;
import io.teleproxy.plugin.kubernetes.portforward.ApiConnector;
import io.teleproxy.plugin.kubernetes.portforward.ConnectFailure;
import io.teleproxy.plugin.kubernetes.portforward.PodPipe;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The connections to the agent's pod, each over a port-forward of its own. Keeps as many alive as
 * are wanted, and knows which to use. Confined to the event loop.
 */
public final class AgentLinks implements AgentLink.Owner {
  /** Where in the pod the agent listens, on loopback. */
  static final int PORT = 7474;

  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(128 * 1024, 512 * 1024);

  /** What streams may have on the way to us beyond their first window, all together. */
  private static final int WINDOW_BUDGET = 64 * 1024 * 1024;

  private static final long TICK_MILLIS = 250;
  private static final long FIRST_BACKOFF_MILLIS = 100;
  private static final long MAX_BACKOFF_MILLIS = 1_000;

  /** For the agent to answer over a port-forward that is there. */
  private static final long SETTLE_MILLIS = 10_000;

  /** Who is told, on the event loop. */
  public interface Observer {
    /** A connection is there; perhaps not the first. */
    void up();

    /**
     * The pod is not there, or nothing answers in it, or it may not be reached.
     *
     * @param remedy what the user can do; may be empty
     */
    void podLost(String reason, String remedy);
  }

  /** Who waits for a connection. */
  public interface Waiter {
    /** Look again: there is one, or there will be none soon. */
    void lookAgain();
  }

  /** What there is for a new stream. */
  public enum State {
    /** Use {@link #pick}. */
    USABLE,
    /** Being built up again: wait. */
    RECOVERING,
    /** There is no agent. */
    NONE
  }

  private record Pod(String namespace, String name) {}

  private final EventLoop loop;
  private final ApiConnector connector;
  private final Observer observer;
  private final int wanted;
  private final WindowBudget budget = new WindowBudget(WINDOW_BUDGET);
  private final List<AgentLink> links = new ArrayList<>();
  private final List<Waiter> waiters = new ArrayList<>();
  private @Nullable Pod pod;
  private @Nullable Future<?> ticking;
  private int opening;
  private boolean retrying;
  private boolean up;
  private long backoffMillis = FIRST_BACKOFF_MILLIS;
  private long lastTick;

  /**
   * None at first.
   *
   * @param wanted how many connections to keep
   */
  public AgentLinks(EventLoop loop, ApiConnector connector, int wanted, Observer observer) {
    this.loop = loop;
    this.connector = connector;
    this.wanted = wanted;
    this.observer = observer;
  }

  /** Connects to this pod from now on; the connections to another one are given up. */
  public void use(String namespace, String name) {
    Pod named = new Pod(namespace, name);
    if (!named.equals(pod)) {
      forget("the agent was replaced");
      pod = named;
      up = false;
    }
    backoffMillis = FIRST_BACKOFF_MILLIS;
    if (ticking == null) {
      lastTick = System.nanoTime();
      ticking =
          loop.scheduleWithFixedDelay(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }
    openMissing();
  }

  /** Gives up all connections. */
  public void forget(String reason) {
    pod = null;
    if (ticking != null) {
      ticking.cancel(false);
      ticking = null;
    }
    for (AgentLink link : List.copyOf(links)) {
      link.close(reason);
    }
    wake();
  }

  public State state() {
    if (pick() != null) {
      return State.USABLE;
    }
    return pod != null && up ? State.RECOVERING : State.NONE;
  }

  /** The least busy connection; null if none can be used now. */
  public @Nullable AgentLink pick() {
    AgentLink best = null;
    for (AgentLink link : links) {
      if (link.usable() && (best == null || link.load() < best.load())) {
        best = link;
      }
    }
    return best;
  }

  public void await(Waiter waiter) {
    waiters.add(waiter);
  }

  public void cancel(Waiter waiter) {
    waiters.remove(waiter);
  }

  int count() {
    int count = 0;
    for (AgentLink link : links) {
      count += link.usable() ? 1 : 0;
    }
    return count;
  }

  // --- building up

  private void openMissing() {
    Pod target = pod;
    if (target == null || retrying) {
      return;
    }
    int good = opening;
    for (AgentLink link : links) {
      good += link.suspect() ? 0 : 1;
    }
    // The first alone: whether it works decides about the others.
    int goal = up ? wanted : 1;
    for (; good < goal; good++) {
      opening++;
      connector.portForward(target.namespace, target.name, new Opening(target));
    }
  }

  private void openLater() {
    if (!retrying && pod != null) {
      retrying = true;
      long jitter = ThreadLocalRandom.current().nextLong(backoffMillis / 2 + 1);
      loop.schedule(
          () -> {
            retrying = false;
            openMissing();
          },
          backoffMillis / 2 + jitter,
          TimeUnit.MILLISECONDS);
      backoffMillis = Math.min(backoffMillis * 2, MAX_BACKOFF_MILLIS);
    }
  }

  private final class Opening implements ApiConnector.Result {
    private final Pod target;

    Opening(Pod target) {
      this.target = target;
    }

    @Override
    public void answered(ChannelHandlerContext context, int status, String message) {
      opening--;
      if (status != 101 || !target.equals(pod)) {
        context.close();
        if (status != 101) {
          gone(ConnectFailure.answered(status, message, target.namespace, target.name));
        }
        return;
      }
      AgentLink link = new AgentLink(budget, AgentLinks.this);
      PodPipe pipe = new PodPipe(PORT);
      ChannelPipeline pipeline = context.pipeline();
      context.channel().config().setWriteBufferWaterMark(WATER_MARK);
      // What comes next is no HTTP/1.1 any more, in neither direction.
      pipeline.remove(context.handler());
      pipeline.remove(HttpClientCodec.class);
      links.add(link);
      pipeline.addLast(pipe, link);
      context
          .channel()
          .closeFuture()
          .addListener(
              closed -> {
                if (!link.settled()) {
                  neverAnswered(target, pipe.errorText());
                }
              });
      loop.schedule(
          () -> {
            if (!link.settled()) {
              link.close("the agent did not answer");
            }
          },
          SETTLE_MILLIS,
          TimeUnit.MILLISECONDS);
    }

    @Override
    public void failed(ConnectFailure failure) {
      opening--;
      if (target.equals(pod)) {
        openLater();
      }
    }

    private void gone(ConnectFailure failure) {
      if (!target.equals(pod)) {
        return;
      }
      if (failure.retry() == ConnectFailure.Retry.LATER) {
        openLater();
      } else {
        lost(failure.detail(), failure.remedy());
      }
    }
  }

  /** A port-forward came about, but no agent spoke: it listens no more, or not yet. */
  private void neverAnswered(Pod target, String errorText) {
    if (target.equals(pod)) {
      if (up && links.isEmpty()) {
        lost(errorText.isEmpty() ? "the agent does not answer" : errorText, "");
      } else {
        openLater();
      }
    }
  }

  private void lost(String reason, String remedy) {
    pod = null;
    boolean was = up;
    if (links.isEmpty()) {
      up = false;
    }
    if (was || !up) {
      observer.podLost(reason, remedy);
    }
    wake();
  }

  // --- what happens to them

  @Override
  public void ready(AgentLink link) {
    backoffMillis = FIRST_BACKOFF_MILLIS;
    up = true;
    observer.up();
    openMissing();
    wake();
  }

  @Override
  public void recovered(AgentLink link) {
    wake();
  }

  @Override
  public void closed(AgentLink link) {
    links.remove(link);
    if (pod == null) {
      up = up && !links.isEmpty();
      return;
    }
    if (link.settled()) {
      openMissing();
    }
  }

  private void tick() {
    long now = System.nanoTime();
    boolean late = now - lastTick > TimeUnit.MILLISECONDS.toNanos(8 * TICK_MILLIS);
    lastTick = now;
    for (AgentLink link : List.copyOf(links)) {
      link.tick(late);
    }
    openMissing();
    int surplus = count() - wanted;
    for (AgentLink link : List.copyOf(links)) {
      if (surplus > 0 && link.usable() && link.idle()) {
        surplus--;
        link.close("not needed any more");
      }
    }
  }

  private void wake() {
    List<Waiter> waiting = List.copyOf(waiters);
    waiters.clear();
    waiting.forEach(Waiter::lookAgain);
  }
}
