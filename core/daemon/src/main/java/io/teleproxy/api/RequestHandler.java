package io.teleproxy.api;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.timeout.TimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers the requests of one connection, one after the other, on its event loop. */
final class RequestHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
  private static final Logger log = LoggerFactory.getLogger(ApiServer.class);

  /** Requests that a client may send before it has the answer to the first. */
  private static final int MAX_PIPELINED = 16;

  /** The page loads nothing from elsewhere, and nobody may frame it. */
  private static final String POLICY = "default-src 'self'; frame-ancestors 'none'";

  private final Resources resources;
  private final Daemon daemon;
  private final RequestDeadline deadline;
  private final RequestRate rate;
  private final Admitted admitted;
  private final Deque<Runnable> waiting = new ArrayDeque<>();
  private boolean answering;

  RequestHandler(
      Resources resources,
      Daemon daemon,
      RequestDeadline deadline,
      RequestRate rate,
      Admitted admitted) {
    this.resources = resources;
    this.daemon = daemon;
    this.deadline = deadline;
    this.rate = rate;
    this.admitted = admitted;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
    deadline.met();
    admitted.busy(context.channel());
    if (!request.decoderResult().isSuccess()) {
      send(context, Reply.error(400, "not an HTTP request"), false, false);
      return;
    }
    Optional<String> refusal =
        RequestGuard.refusal(request.method().name(), request.uri(), request.headers());
    if (refusal.isPresent()) {
      send(context, Reply.error(403, refusal.get()), false, false);
      return;
    }
    if (!rate.take(System.nanoTime())) {
      send(context, Reply.error(429, "too many requests; ask again in a second"), false, false);
      return;
    }
    String method = request.method().name();
    String path = request.uri();
    String body = request.content().toString(StandardCharsets.UTF_8);
    boolean keepAlive = HttpUtil.isKeepAlive(request);
    Runnable answer = () -> answer(context, method, path, body, keepAlive);
    if (!answering) {
      answer.run();
    } else if (waiting.size() < MAX_PIPELINED) {
      waiting.add(answer);
    } else {
      context.close();
    }
  }

  private void answer(
      ChannelHandlerContext context, String method, String path, String body, boolean keepAlive) {
    answering = true;
    if (path.equals("/api/events") && method.equals("GET")) {
      // It goes on until the client leaves; nothing else is answered on this connection.
      EventStream.begin(context, daemon.feed());
      return;
    }
    resources
        .handle(method, path, body)
        .whenComplete(
            (reply, failure) ->
                context
                    .executor()
                    .execute(
                        () -> {
                          Reply told = reply;
                          if (failure != null) {
                            log.error("{} {} failed", method, path, failure);
                            told = Reply.error(500, "internal error; see the daemon's log");
                          }
                          boolean stop = told.status() == 200 && path.startsWith("/api/shutdown");
                          send(context, told, keepAlive && !stop, stop);
                          answering = false;
                          Runnable next = waiting.poll();
                          if (next != null && keepAlive && !stop) {
                            next.run();
                          }
                        }));
  }

  private void send(ChannelHandlerContext context, Reply reply, boolean keepAlive, boolean stop) {
    byte[] body = reply.body().getBytes(StandardCharsets.UTF_8);
    FullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1,
            HttpResponseStatus.valueOf(reply.status()),
            Unpooled.wrappedBuffer(body));
    response.headers().set(HttpHeaderNames.CONTENT_TYPE, reply.type());
    response.headers().set("Content-Security-Policy", POLICY);
    response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, body.length);
    response.headers().set(HttpHeaderNames.CACHE_CONTROL, "no-store");
    response.headers().set("X-Content-Type-Options", "nosniff");
    HttpUtil.setKeepAlive(response, keepAlive);
    var written = context.writeAndFlush(response);
    if (!keepAlive) {
      written.addListener(ChannelFutureListener.CLOSE);
    }
    if (stop) {
      written.addListener(done -> daemon.shutdown());
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (!(cause instanceof TimeoutException)) {
      log.debug("API connection from {} ended", context.channel().remoteAddress(), cause);
    }
    context.close();
  }
}
