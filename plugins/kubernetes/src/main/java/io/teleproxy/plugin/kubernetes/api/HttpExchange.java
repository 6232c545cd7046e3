package io.teleproxy.plugin.kubernetes.api;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Sends one request when the connection is ready, and tells what came of it, once. */
final class HttpExchange extends SimpleChannelInboundHandler<HttpObject> {
  private static final int MAX_BODY = 16 * 1024;

  /** Called once, on the event loop. */
  interface Outcome {
    /**
     * The server answered.
     *
     * @param body its beginning; empty for 101
     */
    void answered(ChannelHandlerContext context, int status, String reason, String body);

    /** It did not. */
    void broke(Throwable cause);
  }

  private final boolean tls;
  private final Outcome outcome;
  private final StringBuilder body = new StringBuilder();
  private @Nullable FullHttpRequest request;
  private @Nullable HttpResponse response;
  private boolean told;

  HttpExchange(boolean tls, FullHttpRequest request, Outcome outcome) {
    this.tls = tls;
    this.request = request;
    this.outcome = outcome;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    channelActive(ctx);
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    if (!tls && ctx.channel().isActive()) {
      send(ctx);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof SslHandshakeCompletionEvent handshake) {
      if (handshake.isSuccess()) {
        send(ctx);
      } else {
        broke(ctx, handshake.cause());
      }
    }
  }

  private void send(ChannelHandlerContext ctx) {
    FullHttpRequest unsent = request;
    request = null;
    if (unsent != null) {
      ctx.writeAndFlush(unsent, ctx.voidPromise());
    }
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, HttpObject message) {
    if (message instanceof HttpResponse head) {
      response = head;
    }
    if (message instanceof HttpContent content && body.length() < MAX_BODY) {
      ByteBuf bytes = content.content();
      body.append(bytes.toString(StandardCharsets.UTF_8));
    }
    HttpResponse head = response;
    if (message instanceof LastHttpContent && head != null && !told) {
      told = true;
      outcome.answered(ctx, head.status().code(), head.status().reasonPhrase(), body.toString());
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    broke(ctx, new IOException("connection closed before an answer"));
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    broke(ctx, cause);
  }

  private void broke(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
    if (request != null) {
      request.release();
      request = null;
    }
    if (!told) {
      told = true;
      outcome.broke(cause);
    }
  }
}
