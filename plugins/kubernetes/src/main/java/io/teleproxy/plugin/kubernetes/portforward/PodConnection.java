package io.teleproxy.plugin.kubernetes.portforward;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.spdy.SpdyFrameDecoder;
import io.netty.handler.codec.spdy.SpdyFrameDecoderDelegate;
import io.netty.handler.codec.spdy.SpdyFrameEncoder;
import io.netty.handler.codec.spdy.SpdyVersion;
import io.teleproxy.plugin.kubernetes.api.Failures;
import io.teleproxy.plugin.kubernetes.api.LocalAddress;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A connection to the API server that was upgraded to SPDY/3.1 and ends at a pod's kubelet. It
 * carries one {@link PodStream} at a time, so that neither a refused dial (some container runtimes
 * drop the whole connection, kubernetes#111825) nor a reader that stalls can hurt another.
 *
 * <p>The server side neither sends nor honours WINDOW_UPDATE: flow control is TCP's. Confined to
 * its event loop.
 */
public final class PodConnection extends ByteToMessageDecoder implements SpdyFrameDecoderDelegate {
  /** Type 0, SYN_STREAM: the control bit, version 3. */
  private static final int SYN_STREAM = 0x80030001;

  private static final byte FLAG_FIN = 1;

  /** So long after it has come about nobody doubts that a connection is alive. */
  private static final long FRESH_NANOS = 1_000_000_000L;

  /** As many bytes are handed on at a time; kubelets send up to 32 KiB in a frame. */
  private static final int CHUNK = 32 * 1024;

  /** What is told about a connection's life. */
  interface Owner {
    /**
     * The stream has ended, or the connection has.
     *
     * @param reusable whether another stream may be opened
     */
    void released(PodConnection connection, boolean reusable);
  }

  private final SpdyFrameDecoder decoder = new SpdyFrameDecoder(SpdyVersion.SPDY_3_1, this, CHUNK);
  private final SpdyFrameEncoder encoder = new SpdyFrameEncoder(SpdyVersion.SPDY_3_1);
  private final Owner owner;
  private @Nullable ChannelHandlerContext context;
  private @Nullable PodStream stream;
  private int lastStreamId = -1;
  private final long since = System.nanoTime();
  private int requests;
  private boolean closing;
  private boolean flushScheduled;
  private String closeReason = "the API server closed the connection";

  PodConnection(Owner owner) {
    this.owner = owner;
  }

  /** Whether it has come about just now: others may have died without a word. */
  public boolean fresh() {
    return requests == 0 && System.nanoTime() - since < FRESH_NANOS;
  }

  /** Whether nothing can arrive any more, because the machine has another address by now. */
  boolean stranded() {
    return LocalAddress.isGone(context().channel());
  }

  boolean active() {
    return !closing && context != null && context.channel().isActive();
  }

  ChannelHandlerContext context() {
    if (context == null) {
      throw new IllegalStateException("not in a pipeline");
    }
    return context;
  }

  /**
   * Asks for a connection to a port of the pod: in one flight with what is written next, unless
   * this connection may have died without a word, which the answer will tell.
   */
  public Carrier open(int port, Carrier.Events events, long halfCloseDelayNanos) {
    int errorId = lastStreamId + 2;
    int dataId = errorId + 2;
    lastStreamId = dataId;
    String portText = Integer.toString(port);
    String request = Integer.toString(requests);
    ByteBuf out = context().alloc().heapBuffer(256);
    synStream(out, errorId, requests == 0, "error", portText, request);
    // We never write to the error stream; as kubectl does, its end is a frame of its own.
    out.writeInt(errorId).writeByte(FLAG_FIN).writeMedium(0);
    synStream(out, dataId, false, "data", portText, request);
    boolean doubtful = !fresh();
    requests++;
    PodStream opened = new PodStream(this, errorId, dataId, doubtful, events, halfCloseDelayNanos);
    stream = opened;
    context().channel().config().setAutoRead(true);
    write(out);
    return opened;
  }

  static void synStream(
      ByteBuf out, int id, boolean first, String type, String port, String request) {
    int start = out.writerIndex();
    out.writeInt(SYN_STREAM).writeInt(0).writeInt(id).writeInt(0).writeShort(0);
    SpdyHeaderBlock.append(out, first, "streamtype", type, "port", port, "requestid", request);
    out.setMedium(start + 5, out.writerIndex() - start - 8);
  }

  // --- for the stream

  /** Writes a frame made of {@link Carrier#HEADROOM} bytes of room and the data. */
  void writeData(int streamId, ByteBuf frame, IntConsumer sent) {
    int length = frame.readableBytes() - Carrier.HEADROOM;
    int start = frame.readerIndex();
    frame.setInt(start, streamId);
    frame.setInt(start + 4, length);
    ChannelPromise promise = context().newPromise();
    promise.addListener(future -> sent.accept(length));
    context().write(frame, promise);
    flushSoon();
  }

  void writeFin(int streamId) {
    write(encoder.encodeDataFrame(context().alloc(), streamId, true, Unpooled.EMPTY_BUFFER));
  }

  void reading(boolean wanted) {
    context().channel().config().setAutoRead(wanted);
  }

  /** The stream is over. */
  public void release(boolean reusable) {
    stream = null;
    if (reusable && active()) {
      context().channel().config().setAutoRead(true);
      owner.released(this, true);
    } else {
      close();
    }
  }

  void close() {
    if (!closing) {
      closing = true;
      if (context != null) {
        context.close();
      }
    }
  }

  private void write(ByteBuf frame) {
    context().write(frame, context().voidPromise());
    flushSoon();
  }

  /** One flush for all that is written in one turn of the event loop. */
  private void flushSoon() {
    if (!flushScheduled) {
      flushScheduled = true;
      ChannelHandlerContext target = context();
      target
          .executor()
          .execute(
              () -> {
                flushScheduled = false;
                target.flush();
              });
    }
  }

  // --- netty

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
    decoder.decode(in);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) throws Exception {
    super.channelInactive(ctx);
    closing = true;
    PodStream last = stream;
    stream = null;
    if (last != null) {
      last.connectionLost(closeReason);
    }
    owner.released(this, false);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    closeReason = "the connection to the API server broke: " + Failures.text(cause);
    ctx.close();
  }

  // --- frames

  @Override
  public void readDataFrame(int streamId, boolean last, ByteBuf data) {
    try {
      if (stream != null) {
        stream.dataFrame(streamId, data, last);
      }
    } finally {
      data.release();
    }
  }

  @Override
  public void readSynReplyFrame(int streamId, boolean last) {
    if (stream != null) {
      stream.reply(streamId, last);
    }
  }

  @Override
  public void readRstStreamFrame(int streamId, int statusCode) {
    if (stream != null) {
      stream.rst(streamId, statusCode);
    }
  }

  @Override
  public void readPingFrame(int id) {
    // Odd ids are ours (we send none); the others want an echo (§2.6.5).
    if ((id & 1) == 0) {
      write(encoder.encodePingFrame(context().alloc(), id));
    }
  }

  @Override
  public void readGoAwayFrame(int lastGoodStreamId, int statusCode) {
    if (stream == null) {
      close();
    } else {
      stream.lastOnConnection();
    }
  }

  @Override
  public void readFrameError(String message) {
    closeReason = "the API server sent what is not SPDY/3.1: " + message;
    context().close();
  }

  @Override
  public void readHeaderBlock(ByteBuf headerBlock) {
    // Replies carry no headers that anybody needs.
    headerBlock.release();
  }

  @Override
  public void readHeaderBlockEnd() {}

  @Override
  public void readSynStreamFrame(
      int streamId, int associatedToStreamId, byte priority, boolean last, boolean oneWay) {}

  @Override
  public void readSettingsFrame(boolean clearPersisted) {}

  @Override
  public void readSetting(int id, int value, boolean persistValue, boolean persisted) {}

  @Override
  public void readSettingsEnd() {}

  @Override
  public void readHeadersFrame(int streamId, boolean last) {}

  @Override
  public void readWindowUpdateFrame(int streamId, int deltaWindowSize) {}
}
