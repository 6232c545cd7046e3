package io.teleproxy.plugin.kubernetes.agent;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.teleproxy.agent.wire.ConnectRequest;
import io.teleproxy.agent.wire.DoorRequest;
import io.teleproxy.agent.wire.StreamUser;
import io.teleproxy.agent.wire.TunnelConnection;
import io.teleproxy.agent.wire.WindowBudget;
import io.teleproxy.plugin.kubernetes.api.LocalAddress;
import io.teleproxy.plugin.kubernetes.portforward.Carrier;
import java.net.InetSocketAddress;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** One HTTP/2 connection to the agent. Confined to its event loop. */
public final class AgentLink extends TunnelConnection {
  /** So long nothing may come although an answer is due, before new streams go elsewhere. */
  private static final long SUSPICIOUS_NANOS = TimeUnit.MILLISECONDS.toNanos(1_500);

  /** After so little it is looked whether the connection can be alive at all. */
  private static final long NOTICEABLE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /** TCP mends what was cut for less; after so much silence nobody believes in it any more. */
  private static final long HOPELESS_NANOS = TimeUnit.SECONDS.toNanos(40);

  /** What is told about a connection's life, on the event loop. */
  interface Owner {
    /** The agent has answered: streams can be opened. */
    void ready(AgentLink link);

    /** A connection that had been silent for suspiciously long works again. */
    void recovered(AgentLink link);

    /** The agent wants no more streams: it is being ended. */
    void leaving(AgentLink link);

    void closed(AgentLink link);
  }

  private final boolean direct;
  private final Owner owner;
  private final LinkLoad load = new LinkLoad();
  private final Set<AgentStream> unanswered = new LinkedHashSet<>();
  private long instance;
  private boolean ready;
  private boolean suspect;
  private long suspectSince;
  private boolean leaving;
  private boolean surplus;
  private boolean retired;

  /**
   * One that is not in use yet.
   *
   * @param direct whether it goes from the API server to the pod, and not through its node
   */
  AgentLink(WindowBudget budget, boolean direct, Owner owner) {
    super(false, budget);
    this.direct = direct;
    this.owner = owner;
    connection()
        .addListener(
            new Http2ConnectionAdapter() {
              @Override
              public void onStreamRemoved(Http2Stream stream) {
                load.ended(stream.id());
              }
            });
  }

  boolean direct() {
    return direct;
  }

  /** Whether new streams may be opened. */
  boolean usable() {
    return ready && !suspect && !leaving && context().channel().isActive();
  }

  /** Whether a stream that is lost here was declined by an agent that is being ended (GOAWAY). */
  boolean declines() {
    return leaving && context().channel().isActive();
  }

  /** Whether the agent has ever answered here. */
  boolean settled() {
    return ready;
  }

  /** Whether it is, or will be, of use for new streams, as far as is known. */
  boolean promising() {
    return !suspect && !leaving;
  }

  boolean idle() {
    return connection().numActiveStreams() == 0;
  }

  /** What it has to carry. */
  LinkLoad load() {
    return load;
  }

  /** From now on another one is to be opened in its place. */
  void retire() {
    retired = true;
  }

  boolean retired() {
    return retired;
  }

  /**
   * Opens a TCP connection at the far end; null if this one takes no more streams.
   *
   * @param attempt its number, of which the agent opens one; 0 for none
   */
  @Nullable Carrier open(InetSocketAddress to, long attempt, AgentStream.Hearer events) {
    Http2Stream stream = request(ConnectRequest.tcp(to, attempt), false);
    if (stream == null) {
      return null;
    }
    AgentStream carrier = new AgentStream(this, stream, events);
    user(stream, carrier);
    unanswered.add(carrier);
    return carrier;
  }

  /** The stream has its answer, or is not waited for any more. */
  void answered(AgentStream stream) {
    unanswered.remove(stream);
  }

  /** Which process of the agent is at the other end. */
  long instance() {
    return instance;
  }

  /** Opens a flow of UDP datagrams at the far end; null if this one takes no more streams. */
  @Nullable Http2Stream openDatagrams(InetSocketAddress to, StreamUser flow) {
    Http2Stream stream = request(ConnectRequest.udp(to), false);
    if (stream != null) {
      user(stream, flow);
    }
    return stream;
  }

  /** Opens a stream, whose user is to be set; null if there are to be no more. */
  private @Nullable Http2Stream request(Http2Headers request, boolean end) {
    int id = connection().local().incrementAndGetNextStreamId();
    ChannelHandlerContext ctx = context();
    if (id > 0) {
      var unused = encoder().writeHeaders(ctx, id, request, 0, end, ctx.newPromise());
      load.opened(id);
      // The first bytes come right behind, and are the same record of TLS then.
      flushInCompany();
      ask(true);
      Http2Stream stream = connection().stream(id);
      if (stream != null) {
        return stream;
      }
    }
    leaving = true;
    return null;
  }

  /**
   * Asks the agent to let us in at its door.
   *
   * @param answer told the port, or 0 if there is none
   */
  void askForDoor(String token, IntConsumer answer) {
    Http2Stream stream = request(DoorRequest.asking(token), true);
    if (stream == null) {
      answer.accept(0);
    } else {
      user(stream, new DoorAnswer(answer));
    }
  }

  /** The user hears nothing more. */
  void abort(Http2Stream stream) {
    reset(stream, Http2Error.CANCEL);
  }

  /** Every quarter of a second: looks whether it is alive. */
  void tick(boolean late) {
    load.tick();
    ask(!idle() || suspect);
    if (late) {
      // We were stopped ourselves: what waits in the socket has not been read yet.
      return;
    }
    long silent = silentNanos();
    if (silent > NOTICEABLE_NANOS && closeIfGone()) {
      return;
    }
    if (silent > Math.max(SUSPICIOUS_NANOS, 4 * roundTripNanos())) {
      if (!suspect) {
        suspect = true;
        suspectSince = System.nanoTime();
        List.copyOf(unanswered).forEach(AgentStream::suspected);
      }
      if (silent > HOPELESS_NANOS) {
        close(
            "nothing has come from the agent for " + TimeUnit.NANOSECONDS.toSeconds(silent) + " s");
      }
    }
  }

  /** The machine has moved: whether this is alive is known soon, whoever uses it or not. */
  void networkChanged() {
    if (!closeIfGone()) {
      ask(true);
    }
  }

  private boolean closeIfGone() {
    boolean gone = LocalAddress.isGone(context().channel());
    if (gone) {
      close("this machine no longer has the address from which the agent was reached");
    }
    return gone;
  }

  /** There are more than are needed. */
  void dismiss() {
    surplus = true;
    close("not needed any more");
  }

  boolean surplus() {
    return surplus;
  }

  void close(String reason) {
    lossReason(reason);
    context().channel().close();
  }

  @Override
  protected void settled(Http2Settings settings) {
    if (!ready) {
      ready = true;
      instance = instance(settings);
      owner.ready(this);
    }
  }

  @Override
  protected void goingAway(int lastStreamId) {
    leaving = true;
    owner.leaving(this);
  }

  /**
   * Something that comes is not enough: TCP mends its two directions one by one. Even an answer is
   * not, if it is to what was asked before the silence: what was sent behind it may lie there for
   * seconds longer.
   */
  @Override
  protected void roundTripped(long askedAt) {
    if (!suspect) {
      return;
    }
    if (askedAt - suspectSince < 0) {
      askNow();
    } else {
      suspect = false;
      owner.recovered(this);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) throws Exception {
    leaving = true;
    super.channelInactive(ctx);
    owner.closed(this);
  }
}
