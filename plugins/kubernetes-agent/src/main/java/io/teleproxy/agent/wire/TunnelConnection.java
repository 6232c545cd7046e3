package io.teleproxy.agent.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One end of an HTTP/2 connection whose streams are tunnelled connections. Windows hold back single
 * streams, never the connection: its own window is refilled with what arrives, so that a reader who
 * stalls keeps nothing from the others. Confined to its event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write ends the connection, which is told
public abstract class TunnelConnection extends Http2ConnectionHandler {
  /** Of the connection; larger than that of any stream. */
  private static final int CONNECTION_WINDOW = 2 * ReceiveWindows.LARGEST;

  private final Http2Connection.PropertyKey userKey;
  private final ReceiveWindows windows;
  private final Pulse pulse = new Pulse();
  private final Flushes flushes = new Flushes(this);
  private @Nullable ChannelHandlerContext context;
  private boolean windowOpened;
  private String lossReason = "the connection was closed";

  /**
   * One end.
   *
   * @param accepting whether the other end opens the streams
   */
  protected TunnelConnection(boolean accepting, WindowBudget budget) {
    this(accepting, budget, 0);
  }

  /**
   * One end.
   *
   * @param instance tells the other end which process this is, from 1 to 2^32-1; 0 tells nothing
   */
  protected TunnelConnection(boolean accepting, WindowBudget budget, long instance) {
    this(TunnelCodec.of(accepting), budget, instance);
  }

  private TunnelConnection(TunnelCodec codec, WindowBudget budget, long instance) {
    super(codec.decoder(), codec.encoder(), codec.settings(instance));
    gracefulShutdownTimeoutMillis(0);
    userKey = codec.connection().newKey();
    windows = new ReceiveWindows(codec.connection(), budget);
    codec.decoder().frameListener(new TunnelFrames(this));
    codec
        .connection()
        .addListener(
            new Http2ConnectionAdapter() {
              @Override
              public void onStreamRemoved(Http2Stream stream) {
                windows.released(stream);
                StreamUser user = stream.removeProperty(userKey);
                if (user != null) {
                  user.lost(lossReason);
                }
              }
            });
  }

  // --- for subclasses

  /** A stream was opened by the other end; whoever uses it is to be set with {@link #user}. */
  protected void opened(Http2Stream stream, Http2Headers request, boolean end) {
    reset(stream, Http2Error.REFUSED_STREAM);
  }

  /** The other end has said how it wants to be spoken to: it is there. */
  protected void settled(Http2Settings settings) {}

  /** Which process the other end has said to be; 0 if it has not. */
  protected static long instance(Http2Settings settings) {
    return TunnelCodec.instance(settings);
  }

  /** The other end wants no streams beyond this id. */
  protected void goingAway(int lastStreamId) {}

  /**
   * A PING was answered: both directions work, for all that was sent before it.
   *
   * @param askedAt when it was sent, as of {@link System#nanoTime}
   */
  protected void roundTripped(long askedAt) {}

  // --- for the users of streams

  protected final ChannelHandlerContext context() {
    if (context == null) {
      throw new IllegalStateException("not in a pipeline");
    }
    return context;
  }

  /** Names the user of a stream, or with null says that nobody wants to hear of it any more. */
  protected final void user(Http2Stream stream, @Nullable StreamUser user) {
    if (user == null) {
      stream.removeProperty(userKey);
    } else {
      stream.setProperty(userKey, user);
    }
  }

  /** Answers a request; the first bytes travel along if they come at once. */
  public final void headers(Http2Stream stream, Http2Headers headers, boolean end) {
    ChannelHandlerContext ctx = context();
    encoder().writeHeaders(ctx, stream.id(), headers, 0, end, ctx.newPromise());
    flushInCompany();
  }

  /**
   * Sends bytes when the windows allow it.
   *
   * @param data handed over
   * @return done when the socket has taken them, or the stream is gone
   */
  public final ChannelFuture data(Http2Stream stream, ByteBuf data, boolean end) {
    ChannelHandlerContext ctx = context();
    if (data.isReadable()) {
      flushSoon();
    } else {
      flushInCompany();
    }
    return encoder().writeData(ctx, stream.id(), data, 0, end, ctx.newPromise());
  }

  /** Bytes that {@link StreamUser#data} did not take have been taken now. */
  public final void consumed(Http2Stream stream, int bytes) {
    if (bytes > 0 && stream.state() != Http2Stream.State.CLOSED) {
      try {
        if (windows.consumed(stream, bytes, pulse.roundTripNanos())) {
          flushSoon();
        }
      } catch (Http2Exception e) {
        onError(context(), true, e);
      }
    }
  }

  /** Aborts a stream, whose user hears nothing more. */
  public final void reset(Http2Stream stream, Http2Error why) {
    user(stream, null);
    if (stream.state() != Http2Stream.State.CLOSED) {
      ChannelHandlerContext ctx = context();
      resetStream(ctx, stream.id(), why.code(), ctx.newPromise());
      flushInCompany();
    }
  }

  /** Wants no further streams from the other end (RFC 9113 §6.8); those that are there go on. */
  public final void farewell() {
    ChannelHandlerContext ctx = context();
    goAway(
        ctx,
        connection().remote().lastStreamCreated(),
        Http2Error.NO_ERROR.code(),
        Unpooled.EMPTY_BUFFER,
        ctx.newPromise());
    flushSoon();
  }

  /** As {@link Flushes#soon}. */
  public final void flushSoon() {
    flushes.soon(context());
  }

  /** As {@link Flushes#inCompany}. */
  protected final void flushInCompany() {
    flushes.inCompany(context());
  }

  // --- pulse

  /**
   * Sends a PING if nothing has been heard for a while.
   *
   * @param soon whether a shorter silence is enough
   */
  protected final void ask(boolean soon) {
    askAfter(soon ? Pulse.SHORT_NANOS : Pulse.QUIET_NANOS);
  }

  /** Sends a PING, behind all that has been sent so far, unless one is on its way. */
  protected final void askNow() {
    askAfter(0);
  }

  private void askAfter(long quietNanos) {
    long now = System.nanoTime();
    if (context != null && context.channel().isActive() && pulse.ask(now, quietNanos)) {
      encoder().writePing(context, false, now, context.newPromise());
      flushSoon();
    }
  }

  /** For how long an answer has been due with nothing coming at all; 0 if none is due. */
  protected final long silentNanos() {
    return pulse.silentNanos(System.nanoTime());
  }

  /** The shortest of the last round trips; 0 before the first. */
  public final long roundTripNanos() {
    return pulse.roundTripNanos();
  }

  final void ponged() {
    if (pulse.answered(System.nanoTime())) {
      roundTripped(pulse.askedAt());
    }
  }

  // --- for the frames

  final @Nullable StreamUser user(int streamId) {
    Http2Stream stream = connection().stream(streamId);
    return stream == null ? null : stream.getProperty(userKey);
  }

  /** Says once why the streams get lost that are open when the connection ends. */
  protected final void lossReason(String reason) {
    lossReason = reason;
  }

  // --- netty

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) throws Exception {
    context = ctx;
    super.handlerAdded(ctx);
    openWindow(ctx);
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) throws Exception {
    super.channelActive(ctx);
    openWindow(ctx);
  }

  /** There is no setting for the window of the connection; it grows by a frame. */
  private void openWindow(ChannelHandlerContext ctx) throws Http2Exception {
    if (ctx.channel().isActive() && !windowOpened) {
      windowOpened = true;
      connection()
          .local()
          .flowController()
          .incrementWindowSize(
              connection().connectionStream(), CONNECTION_WINDOW - (64 * 1024 - 1));
      ask(true);
      flushSoon();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
    pulse.received(System.nanoTime());
    super.channelRead(ctx, message);
  }

  /** What is no error of HTTP/2 is one of the connection below, which is over then. */
  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) throws Exception {
    if (cause instanceof IOException) {
      lossReason(String.valueOf(cause.getMessage()));
      ctx.close();
    } else {
      super.exceptionCaught(ctx, cause);
    }
  }

  @Override
  protected void onConnectionError(
      ChannelHandlerContext ctx, boolean outbound, Throwable cause, Http2Exception http2Ex) {
    lossReason("HTTP/2: " + cause.getMessage());
    super.onConnectionError(ctx, outbound, cause, http2Ex);
  }
}
