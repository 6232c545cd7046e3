package io.teleproxy.agent;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import io.teleproxy.agent.wire.ProxyStatus;
import io.teleproxy.agent.wire.StreamUser;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * A TCP connection at the far end, and the stream that stands for it: END_STREAM is FIN, RST_STREAM
 * is RST, both ways (RFC 9113 §8.5). Windows are refilled with what the socket has taken, and the
 * socket is read while the stream takes it, so that a slow reader at one end slows the writer at
 * the other. Confined to the event loop.
 */
final class TcpRelay extends ChannelInboundHandlerAdapter implements StreamUser, Dialer.Waiter {
  /** With so many bytes waiting for the stream's window the socket is not read ... */
  private static final int HIGH_WATER = 128 * 1024;

  /** ... and with so few it is read again. */
  private static final int LOW_WATER = 32 * 1024;

  private final AgentConnection connection;
  private final Http2Stream stream;
  private final ArrayDeque<ByteBuf> early = new ArrayDeque<>();
  private @Nullable SocketChannel target;
  private boolean flushScheduled;
  private int waiting;
  private boolean clientEnded;
  private boolean targetEnded;
  private boolean over;

  TcpRelay(AgentConnection connection, Http2Stream stream) {
    this.connection = connection;
    this.stream = stream;
  }

  // --- dialling

  @Override
  public ChannelHandler handler() {
    return this;
  }

  /** One after the other, the channels to several addresses of a name. */
  @Override
  public boolean isSharable() {
    return true;
  }

  @Override
  public void connected(Channel channel) {
    if (over) {
      abort(channel);
      return;
    }
    target = (SocketChannel) channel;
    connection.headers(stream, new DefaultHttp2Headers(false).status("200"), false);
    for (ByteBuf bytes = early.poll(); bytes != null; bytes = early.poll()) {
      write(target, bytes);
    }
    if (clientEnded) {
      shutdownOutput(target);
    }
    channel.config().setAutoRead(true);
  }

  @Override
  public void failed(ProxyStatus why) {
    if (!over) {
      end();
      connection.refuse(stream, why);
    }
  }

  // --- the stream's side

  @Override
  public void headers(Http2Headers headers, boolean end) {
    // Trailers say nothing here.
  }

  @Override
  public int data(ByteBuf data, boolean end) {
    if (data.isReadable()) {
      if (target == null) {
        early.add(data.retain());
      } else {
        write(target, data.retain());
      }
    }
    if (end && !clientEnded) {
      clientEnded = true;
      if (target != null) {
        shutdownOutput(target);
      }
    }
    return 0;
  }

  @Override
  public void reset(long code) {
    lost("reset by the client");
  }

  @Override
  public void lost(String reason) {
    if (over || (clientEnded && targetEnded)) {
      // Both have ended: the stream is gone, but the target may still be taking what was sent.
      return;
    }
    end();
    if (target != null) {
      abort(target);
    }
  }

  private void write(SocketChannel to, ByteBuf data) {
    int length = data.readableBytes();
    to.write(data)
        .addListener(
            written -> {
              if (written.isSuccess()) {
                connection.consumed(stream, length);
              }
            });
    if (!flushScheduled) {
      flushScheduled = true;
      to.eventLoop()
          .execute(
              () -> {
                flushScheduled = false;
                to.flush();
              });
    }
  }

  /** After what was written: netty's shutdownOutput would overtake it. */
  private void shutdownOutput(SocketChannel to) {
    to.writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(
            flushed -> {
              if (to.isActive() && !over) {
                to.shutdownOutput().addListener(shutdown -> closeIfBothEnded());
              }
            });
  }

  // --- the target's side

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    if (over) {
      bytes.release();
      return;
    }
    int length = bytes.readableBytes();
    waiting += length;
    if (waiting >= HIGH_WATER) {
      ctx.channel().config().setAutoRead(false);
    }
    connection.data(stream, bytes, false).addListener(sent -> sent(length));
  }

  private void sent(int length) {
    waiting -= length;
    if (waiting <= LOW_WATER && target != null && !target.config().isAutoRead() && !over) {
      target.config().setAutoRead(true);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE && !over && !targetEnded) {
      targetEnded = true;
      connection.data(stream, Unpooled.EMPTY_BUFFER, true);
      closeIfBothEnded();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    broken(ctx.channel());
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (ctx.channel() == target) {
      broken(ctx.channel());
    }
  }

  private void broken(Channel channel) {
    if (!over && channel == target) {
      end();
      abort(channel);
      connection.reset(stream, Http2Error.CONNECT_ERROR);
    }
  }

  private void closeIfBothEnded() {
    if (clientEnded && targetEnded && !over && target != null && target.isOutputShutdown()) {
      end();
      target.close();
    }
  }

  private void end() {
    over = true;
    connection.forget(stream);
    for (ByteBuf bytes = early.poll(); bytes != null; bytes = early.poll()) {
      bytes.release();
    }
  }

  private static void abort(Channel channel) {
    if (channel.isActive()) {
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
    }
    channel.close();
  }
}
