package io.teleproxy.plugin.kubernetes.agent;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.teleproxy.plugin.kubernetes.api.ApiConnector;
import io.teleproxy.plugin.kubernetes.api.ConnectFailure;
import io.teleproxy.plugin.kubernetes.portforward.Carrier;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The connections to the agent's pod, each over a port-forward of its own or, where that is
 * possible, straight from the API server: what there is for a new stream, and who waits for it.
 * {@link LinkKeeper} keeps as many alive as are wanted. Confined to the event loop.
 */
public final class AgentLinks {
  private static final long TICK_MILLIS = 250;

  /** Who is told, on the event loop. */
  public interface Observer {
    /** A connection is there; perhaps not the first. */
    void up();

    /** Another process of the agent than before answers in the same pod. */
    void replaced();

    /** None is there, and the API server does not answer; it is tried again. */
    void unreachable(ConnectFailure failure);

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
    /** There are connections. */
    USABLE,
    /** Being built up again: wait. */
    RECOVERING,
    /** There is no agent. */
    NONE
  }

  private final EventLoop loop;
  private final int wanted;
  private final LinkPool pool = new LinkPool();
  private final LinkKeeper keeper;
  private final List<Waiter> waiters = new ArrayList<>();
  private @Nullable Future<?> ticking;
  private long lastTick;

  /**
   * None at first.
   *
   * @param wanted how many connections to keep
   * @param direct whether to try to go past the node
   */
  public AgentLinks(
      EventLoop loop, ApiConnector connector, int wanted, boolean direct, Observer observer) {
    this.loop = loop;
    this.wanted = wanted;
    this.keeper = new LinkKeeper(loop, connector, pool, wanted, direct, observer, this::wake);
  }

  /** Connects to this pod from now on; the connections to another one are given up. */
  public void use(String namespace, String name) {
    if (!keeper.leadTo(namespace, name)) {
      forget("the agent was replaced");
    }
    if (ticking == null) {
      lastTick = System.nanoTime();
      ticking =
          loop.scheduleWithFixedDelay(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }
    keeper.use(namespace, name);
  }

  /** Gives up all connections. */
  public void forget(String reason) {
    keeper.stop();
    if (ticking != null) {
      ticking.cancel(false);
      ticking = null;
    }
    pool.close(reason);
    wake();
  }

  /** The machine has other addresses or routes: what is dead is given up, what failed is tried. */
  public void networkChanged() {
    pool.networkChanged();
    keeper.networkChanged();
  }

  private void tick() {
    long now = System.nanoTime();
    boolean late = now - lastTick > TimeUnit.MILLISECONDS.toNanos(8 * TICK_MILLIS);
    lastTick = now;
    pool.tick(late);
    keeper.tick(now);
    pool.closeSurplus(wanted);
  }

  public State state() {
    if (pool.pick() != null) {
      return State.USABLE;
    }
    return keeper.recovering() ? State.RECOVERING : State.NONE;
  }

  /** As {@link LinkPool#pick}. */
  @Nullable AgentLink pick() {
    return pool.pick();
  }

  /** Opens a TCP connection at the far end; null if there is no connection to the agent now. */
  public @Nullable Carrier open(InetSocketAddress to, Carrier.Events events) {
    AgentDial dial = new AgentDial(this, to, events);
    return dial.started() ? dial : null;
  }

  public void await(Waiter waiter) {
    waiters.add(waiter);
  }

  public void cancel(Waiter waiter) {
    waiters.remove(waiter);
  }

  private void wake() {
    List<Waiter> waiting = List.copyOf(waiters);
    waiters.clear();
    waiting.forEach(Waiter::lookAgain);
  }

  /** How often a connection that had worked was replaced. */
  public int reconnects() {
    return keeper.reconnects();
  }

  /** What goes through them now, for people. */
  public Uplink uplink() {
    return pool.uplink();
  }
}
