package io.teleproxy.plugin.kubernetes.portforward;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.teleproxy.plugin.kubernetes.api.FailureText;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Makes an upgraded connection (SPDY/3.1) a plain pipe to one port of a pod: handlers behind it
 * read and write the port's bytes. Nothing is copied; what is written between two flushes goes out
 * as few frames. An end of the pod's side closes the channel. Confined to its event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write ends the connection
public final class PodPipe extends ChannelDuplexHandler {
  private static final int ERROR_ID = 1;
  private static final int DATA_ID = 3;
  private static final int HEADER = 8;
  private static final int FLAG_FIN = 1;

  /** The container runtime reads a frame as a whole before it passes anything on. */
  private static final int MAX_FRAME = 64 * 1024;

  private static final int MAX_ERROR_TEXT = 4096;

  // Types of control frames (draft-mbelshe-httpbis-spdy-00 §2.6).
  private static final int RST_STREAM = 3;
  private static final int PING = 6;
  private static final int GOAWAY = 7;

  private record Unsent(ByteBuf bytes, ChannelPromise promise) {}

  private final int port;
  private final ArrayDeque<Unsent> unsent = new ArrayDeque<>();
  private final StringBuilder errorText = new StringBuilder();
  private ByteBuf header = Unpooled.EMPTY_BUFFER;
  private @Nullable ByteBuf control;
  private boolean data;
  private int streamId;
  private int left;
  private boolean last;

  public PodPipe(int port) {
    this.port = port;
  }

  /** What the node or its container runtime said about the port; empty if nothing. */
  public String errorText() {
    return FailureText.oneLine(errorText.toString());
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    header = ctx.alloc().heapBuffer(HEADER, HEADER);
    ByteBuf out = ctx.alloc().heapBuffer(256);
    PodConnection.synStream(out, ERROR_ID, true, "error", Integer.toString(port), "0");
    out.writeInt(ERROR_ID).writeByte(FLAG_FIN).writeMedium(0);
    PodConnection.synStream(out, DATA_ID, false, "data", Integer.toString(port), "0");
    ctx.writeAndFlush(out);
  }

  // --- out

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    unsent.add(new Unsent((ByteBuf) message, promise));
  }

  @Override
  public void flush(ChannelHandlerContext ctx) {
    while (!unsent.isEmpty()) {
      int length = 0;
      for (Unsent next : unsent) {
        int bytes = next.bytes.readableBytes();
        if (length > 0 && length + bytes > MAX_FRAME) {
          break;
        }
        length += bytes;
      }
      ctx.write(ctx.alloc().directBuffer(HEADER).writeInt(DATA_ID).writeInt(length));
      while (length > 0 || (!unsent.isEmpty() && !unsent.peek().bytes.isReadable())) {
        Unsent next = unsent.remove();
        length -= next.bytes.readableBytes();
        ctx.write(next.bytes, next.promise);
      }
    }
    ctx.flush();
  }

  // --- in

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      while (in.isReadable()) {
        if (left > 0) {
          payload(ctx, in);
        } else {
          header.writeBytes(in, Math.min(in.readableBytes(), HEADER - header.readableBytes()));
          if (header.readableBytes() == HEADER) {
            frame(ctx);
          }
        }
      }
    } finally {
      in.release();
    }
  }

  private void frame(ChannelHandlerContext ctx) {
    int first = header.readInt();
    int flagsAndLength = header.readInt();
    header.clear();
    left = flagsAndLength & 0xffffff;
    last = (flagsAndLength >>> 24 & FLAG_FIN) != 0;
    data = first >= 0;
    streamId = first;
    control = data ? null : ctx.alloc().heapBuffer(left);
    if (left == 0) {
      frameEnded(ctx);
    }
  }

  private void payload(ChannelHandlerContext ctx, ByteBuf in) {
    int length = Math.min(left, in.readableBytes());
    left -= length;
    if (control != null) {
      control.writeBytes(in, length);
    } else if (streamId == DATA_ID) {
      ctx.fireChannelRead(in.readRetainedSlice(length));
    } else {
      String text = in.readCharSequence(length, StandardCharsets.UTF_8).toString();
      if (streamId == ERROR_ID && errorText.length() < MAX_ERROR_TEXT) {
        errorText.append(text);
      }
    }
    if (left == 0) {
      frameEnded(ctx);
    }
  }

  private void frameEnded(ChannelHandlerContext ctx) {
    boolean ended = data && last && (streamId == DATA_ID || !errorText.isEmpty());
    ByteBuf frame = control;
    control = null;
    if (frame != null) {
      int type = streamId & 0xffff;
      if (type == PING && frame.readableBytes() >= 4 && (frame.getInt(0) & 1) == 0) {
        // Even ids are the server's, and want an echo (§2.6.5).
        ctx.writeAndFlush(
            ctx.alloc().heapBuffer(12).writeInt(streamId).writeInt(4).writeInt(frame.getInt(0)));
      }
      ended |= type == GOAWAY || (type == RST_STREAM && frame.getInt(0) == DATA_ID);
      frame.release();
    }
    if (ended) {
      ctx.close();
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    header.release();
    if (control != null) {
      control.release();
      control = null;
    }
    for (Unsent next = unsent.poll(); next != null; next = unsent.poll()) {
      next.bytes.release();
      next.promise.tryFailure(new java.nio.channels.ClosedChannelException());
    }
  }
}
