package io.teleproxy.plugin.kubernetes.api;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.teleproxy.plugin.kubernetes.cluster.ClientTls;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A connection for requests, one after the other (HTTP/1.1, RFC 9112). All state belongs to the
 * event loop; {@link #send} and {@link #close} may be called by any thread.
 */
final class ApiConnection extends SimpleChannelInboundHandler<HttpObject>
    implements ResponseBody.Source {
  private static final int LONGEST_LINE = 4 * 1024;
  private static final int LONGEST_HEAD = 64 * 1024;
  private static final int LONGEST_CHUNK = 64 * 1024;

  /**
   * A request that is waiting for its answer.
   *
   * @param head completes when the body begins, or fails with an {@link IOException}
   * @param idleMillis longest wait within the body
   */
  private record Asked(
      FullHttpRequest request, CompletableFuture<ApiResponse> head, long idleMillis) {}

  private final Channel channel;
  private final ClientTls tls;
  private final Consumer<ApiConnection> idle;
  private final Consumer<ApiConnection> gone;
  private boolean ready;
  private boolean lasts = true;
  private @Nullable Asked waiting;
  private @Nullable Asked asked;
  private @Nullable ResponseBody body;

  /**
   * @param secured whether a TLS handshake is under way
   * @param idle told when an answer has come and the next request may be sent
   * @param gone told once, when the connection has ended
   */
  ApiConnection(
      Channel channel,
      boolean secured,
      ClientTls tls,
      Consumer<ApiConnection> idle,
      Consumer<ApiConnection> gone) {
    this.channel = channel;
    this.ready = !secured;
    this.tls = tls;
    this.idle = idle;
    this.gone = gone;
    channel
        .pipeline()
        .addLast(new HttpClientCodec(LONGEST_LINE, LONGEST_HEAD, LONGEST_CHUNK))
        .addLast(this);
  }

  /** With which credentials it was made. */
  ClientTls tls() {
    return tls;
  }

  /** Whether nothing is known against it. */
  boolean alive() {
    return channel.isActive() && !LocalAddress.isGone(channel);
  }

  /** Whether the machine has moved away from where it was made. */
  boolean left() {
    return LocalAddress.isLeft(channel);
  }

  /** Sends a request; ours alone until its answer has been read. */
  CompletableFuture<ApiResponse> send(FullHttpRequest request, long idleMillis) {
    Asked question = new Asked(request, new CompletableFuture<>(), idleMillis);
    if (channel.eventLoop().inEventLoop()) {
      start(question);
    } else {
      channel.eventLoop().execute(() -> start(question));
    }
    return question.head();
  }

  void close() {
    channel.close();
  }

  private void start(Asked question) {
    if (!channel.isActive()) {
      question.request().release();
      question.head().completeExceptionally(new IOException("the connection has ended"));
    } else if (ready) {
      asked = question;
      channel.writeAndFlush(question.request(), channel.voidPromise());
    } else {
      waiting = question;
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof SslHandshakeCompletionEvent handshake) {
      if (handshake.isSuccess()) {
        ready = true;
        Asked first = waiting;
        waiting = null;
        if (first != null) {
          start(first);
        }
      } else {
        broke(handshake.cause());
      }
    }
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
    if (message.decoderResult().isFailure()) {
      broke(message.decoderResult().cause());
      return;
    }
    if (message instanceof HttpResponse head && asked != null) {
      lasts = HttpUtil.isKeepAlive(head);
      ResponseBody begun = new ResponseBody(this, asked.idleMillis());
      body = begun;
      asked.head().complete(new ApiResponse(head.status().code(), head.headers(), begun));
    }
    ResponseBody current = body;
    if (current == null) {
      return;
    }
    if (message instanceof HttpContent content) {
      ByteBuf bytes = content.content();
      if (bytes.isReadable()) {
        current.add(ByteBufUtil.getBytes(bytes));
      }
    }
    if (message instanceof LastHttpContent) {
      body = null;
      asked = null;
      receive(true);
      if (lasts) {
        idle.accept(this);
      } else {
        close();
      }
      // Whoever reads to the end then finds the connection free.
      current.end();
    }
  }

  @Override
  public void receive(boolean wanted) {
    channel.config().setAutoRead(wanted);
  }

  @Override
  public void abandon() {
    close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    broke(new IOException("the connection was closed before the answer's end"));
    gone.accept(this);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    broke(cause);
  }

  private void broke(Throwable cause) {
    channel.close();
    IOException failure =
        cause instanceof IOException known ? known : new IOException(cause.getMessage(), cause);
    Asked unsent = waiting;
    waiting = null;
    if (unsent != null) {
      unsent.request().release();
      unsent.head().completeExceptionally(failure);
    }
    Asked unanswered = asked;
    asked = null;
    if (unanswered != null) {
      unanswered.head().completeExceptionally(failure);
    }
    ResponseBody begun = body;
    body = null;
    if (begun != null) {
      begun.fail(failure);
    }
  }
}
