package io.teleproxy.plugin.kubernetes.agent;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.util.concurrent.Future;
import io.teleproxy.agent.wire.DoorRequest;
import io.teleproxy.agent.wire.WindowBudget;
import io.teleproxy.plugin.kubernetes.api.ApiConnector;
import io.teleproxy.plugin.kubernetes.api.ConnectFailure;
import io.teleproxy.plugin.kubernetes.portforward.Carrier;
import io.teleproxy.plugin.kubernetes.portforward.PodPipe;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The connections to the agent's pod, each over a port-forward of its own or, where that is
 * possible, straight from the API server. Keeps as many alive as are wanted, and knows which to
 * use. Confined to the event loop.
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

  /**
   * So long an API server may say that it does not get through to the pod, as while a kubelet
   * restarts.
   */
  private static final long BARRED_NANOS = TimeUnit.SECONDS.toNanos(3);

  private static final long BESIDE_NANOS = TimeUnit.MILLISECONDS.toNanos(800);
  private static final int MOST_BESIDE = 5;

  /** When those that are there do, and more are refused. */
  private static final long REFUSED_PAUSE_MILLIS = 10_000;

  /** Who is told, on the event loop. */
  public interface Observer {
    /** A connection is there; perhaps not the first. */
    void up();

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

  private record Pod(String namespace, String name) {}

  private final EventLoop loop;
  private final ApiConnector connector;
  private final Observer observer;
  private final int wanted;
  private final DirectWay way;
  private final WindowBudget budget = new WindowBudget(WINDOW_BUDGET);
  private final List<AgentLink> links = new ArrayList<>();
  private final List<Waiter> waiters = new ArrayList<>();
  private @Nullable Pod pod;

  /** To which the connections lead that are there. */
  private @Nullable Pod linked;

  private @Nullable Future<?> ticking;
  private int opening;
  private int openingDirect;
  private int doubts;
  private @Nullable Future<?> retry;
  private boolean up;
  private int reconnects;
  private long backoffMillis = FIRST_BACKOFF_MILLIS;
  private long barredSince;
  private long lastOpening;
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
    this.connector = connector;
    this.wanted = wanted;
    this.way = new DirectWay(direct);
    this.observer = observer;
  }

  /** Connects to this pod from now on; the connections to another one are given up. */
  public void use(String namespace, String name) {
    Pod named = new Pod(namespace, name);
    if (!named.equals(linked)) {
      forget("the agent was replaced");
      way.reset();
      linked = named;
      up = false;
    }
    pod = named;
    barredSince = 0;
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

  /**
   * The connection for a new stream; null if none can be used now. Streams that come one by one get
   * a connection of their own, so that a lost packet holds up no other; many that come together
   * share one, whose records and system calls are then fewer; and none goes where somebody
   * transfers much.
   */
  @Nullable AgentLink pick() {
    AgentLink best = null;
    for (AgentLink link : links) {
      if (link.usable() && (best == null || better(link, best))) {
        best = link;
      }
    }
    return best;
  }

  private static boolean better(AgentLink link, AgentLink than) {
    if (link.direct() != than.direct()) {
      return link.direct();
    }
    if (link.resting() || than.resting()) {
      return !than.resting();
    }
    return link.bulk() != than.bulk() ? link.bulk() < than.bulk() : link.opened() > than.opened();
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

  /** How often a connection that had worked was replaced. */
  public int reconnects() {
    return reconnects;
  }

  /** What goes through them now, for people. */
  public Uplink uplink() {
    int usable = 0;
    int direct = 0;
    long shortest = 0;
    for (AgentLink link : links) {
      if (link.usable()) {
        usable++;
        direct += link.direct() ? 1 : 0;
        long one = link.roundTripNanos();
        shortest = shortest == 0 || (one > 0 && one < shortest) ? one : shortest;
      }
    }
    return new Uplink(usable, direct, shortest);
  }

  /**
   * The connections to the agent.
   *
   * @param usable how many there are for new streams
   * @param direct how many of these go past the node
   * @param roundTripNanos to the agent and back; 0 while it is not known
   */
  public record Uplink(int usable, int direct, long roundTripNanos) {}

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
    if (target == null || retry != null) {
      return;
    }
    int good = opening;
    int direct = openingDirect;
    for (AgentLink link : links) {
      good += link.promising() ? 1 : 0;
      direct += link.promising() && link.direct() ? 1 : 0;
    }
    // The first alone, and through the node: whether it works decides about the others.
    int goal = up && !way.asked() && !way.open() ? wanted : 1;
    for (; good < goal; good++) {
      open(target);
    }
    for (; up && way.open() && direct < wanted; direct++) {
      openingDirect++;
      connector.proxied(
          target.namespace,
          target.name,
          way.port(),
          DoorRequest.PROTOCOL,
          Map.of(DoorRequest.TOKEN, way.token()),
          new DirectOpening(target));
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
        && count() == 0
        && now - lastOpening > BESIDE_NANOS) {
      open(target);
    }
  }

  private void openLater() {
    long jitter = ThreadLocalRandom.current().nextLong(backoffMillis / 2 + 1);
    openIn(backoffMillis / 2 + jitter);
    backoffMillis = Math.min(backoffMillis * 2, MAX_BACKOFF_MILLIS);
  }

  private void openIn(long millis) {
    if (retry == null && pod != null) {
      retry =
          loop.schedule(
              () -> {
                retry = null;
                openMissing();
              },
              millis,
              TimeUnit.MILLISECONDS);
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
      PodPipe pipe = new PodPipe(PORT);
      AgentLink link = start(context, List.of(pipe), false);
      context
          .channel()
          .closeFuture()
          .addListener(
              closed -> {
                if (!link.settled()) {
                  neverAnswered(target, pipe.errorText());
                }
              });
    }

    @Override
    public void failed(ConnectFailure failure) {
      opening--;
      if (target.equals(pod)) {
        if (count() == 0) {
          observer.unreachable(failure);
        }
        openLater();
      }
    }

    private void gone(ConnectFailure failure) {
      if (!target.equals(pod)) {
        return;
      }
      long now = System.nanoTime();
      barredSince = barredSince == 0 ? now : barredSince;
      if (failure.retry() != ConnectFailure.Retry.ELSEWHERE && count() > 0) {
        openIn(REFUSED_PAUSE_MILLIS);
      } else if (failure.retry() == ConnectFailure.Retry.LATER
          && now - barredSince < BARRED_NANOS) {
        openLater();
      } else {
        lost(failure.detail(), failure.remedy());
      }
    }
  }

  private final class DirectOpening implements ApiConnector.Result {
    private final Pod target;

    DirectOpening(Pod target) {
      this.target = target;
    }

    @Override
    public void answered(ChannelHandlerContext context, int status, String message) {
      openingDirect--;
      if (status != 101 || !target.equals(pod)) {
        context.close();
        barred(status == 101 ? "" : "HTTP " + status + " " + message);
        return;
      }
      AgentLink link = start(context, List.of(), true);
      context
          .channel()
          .closeFuture()
          .addListener(
              closed -> {
                if (!link.settled()) {
                  doubted("the agent does not answer there");
                }
              });
    }

    @Override
    public void failed(ConnectFailure failure) {
      openingDirect--;
      if (failure.unanswered()) {
        doubted(failure.detail());
      } else if (target.equals(pod)) {
        openLater();
      }
    }

    /** Barred, or only one more victim of an outage? */
    private void doubted(String why) {
      if (count() > 0 && ++doubts > wanted) {
        barred(why);
      } else if (target.equals(pod)) {
        openLater();
      }
    }

    private void barred(String why) {
      if (target.equals(pod)) {
        way.failed(why);
        openMissing();
      }
    }
  }

  /** Makes a connection out of one that was upgraded. */
  private AgentLink start(
      ChannelHandlerContext context, List<ChannelHandler> below, boolean direct) {
    AgentLink link = new AgentLink(budget, direct, this);
    ChannelPipeline pipeline = context.pipeline();
    context.channel().config().setWriteBufferWaterMark(WATER_MARK);
    // What comes next is no HTTP/1.1 any more, in neither direction.
    pipeline.remove(context.handler());
    pipeline.remove(HttpClientCodec.class);
    links.add(link);
    below.forEach(pipeline::addLast);
    pipeline.addLast(link);
    loop.schedule(
        () -> {
          if (!link.settled()) {
            link.close("the agent did not answer");
          }
        },
        SETTLE_MILLIS,
        TimeUnit.MILLISECONDS);
    return link;
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
    barredSince = 0;
    up = true;
    if (link.direct()) {
      doubts = 0;
      way.works();
    }
    observer.up();
    askForDoor();
    openMissing();
    wake();
  }

  private void askForDoor() {
    if (!way.mayAsk()) {
      return;
    }
    for (AgentLink link : links) {
      if (link.usable() && !link.direct()) {
        way.ask(link, this::openMissing);
        return;
      }
    }
  }

  @Override
  public void recovered(AgentLink link) {
    wake();
  }

  @Override
  public void leaving(AgentLink link) {
    if (pod != null && count() == 0) {
      lost("the agent is being ended", "");
    }
  }

  @Override
  public void closed(AgentLink link) {
    links.remove(link);
    if (link.direct() && links.stream().noneMatch(AgentLink::direct)) {
      way.forget();
    }
    if (pod == null) {
      up = up && !links.isEmpty();
      return;
    }
    if (link.settled()) {
      if (links.isEmpty() && retry != null) {
        retry.cancel(false);
        retry = null;
      }
      reconnects += link.surplus() ? 0 : 1;
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
    askForDoor();
    openMissing();
    openBeside(now);
    closeSurplus(false);
    closeSurplus(true);
  }

  private void closeSurplus(boolean direct) {
    int surplus = count() - wanted;
    for (AgentLink link : List.copyOf(links)) {
      if (surplus > 0 && link.direct() == direct && link.usable() && link.idle()) {
        surplus--;
        link.dismiss();
      }
    }
  }

  private void wake() {
    List<Waiter> waiting = List.copyOf(waiters);
    waiters.clear();
    waiting.forEach(Waiter::lookAgain);
  }
}
