package io.teleproxy.api;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.timeout.ReadTimeoutHandler;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/**
 * {@code GET /api/events}: server-sent events (HTML, 9.2). Each event, {@code tick}, holds how
 * everything is now and what has happened since the one before; one comes every half second, but
 * none while the client has not taken the last. Confined to the connection's event loop.
 */
final class EventStream {
  private static final long PERIOD_MILLIS = 500;

  private final ChannelHandlerContext context;
  private final Daemon.Feed feed;

  private EventStream(ChannelHandlerContext context, Daemon.Feed feed) {
    this.context = context;
    this.feed = feed;
  }

  /** Answers with events from here on, until the client goes. */
  static void begin(ChannelHandlerContext context, Daemon.Feed feed) {
    // Who listens has nothing to say.
    if (context.pipeline().get(ReadTimeoutHandler.class) != null) {
      context.pipeline().remove(ReadTimeoutHandler.class);
    }
    HttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    head.headers()
        .set(HttpHeaderNames.CONTENT_TYPE, "text/event-stream")
        .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
        .set("X-Content-Type-Options", "nosniff")
        .set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    context.writeAndFlush(head);
    new EventStream(context, feed).next();
  }

  private void next() {
    if (!context.channel().isActive()) {
      return;
    }
    feed.next()
        .whenComplete(
            (tick, failure) ->
                context
                    .executor()
                    .execute(
                        () -> {
                          if (failure == null) {
                            send(tick.toString());
                          } else {
                            later();
                          }
                        }));
  }

  private void send(String tick) {
    byte[] event = ("event: tick\ndata: " + tick + "\n\n").getBytes(StandardCharsets.UTF_8);
    context
        .writeAndFlush(new DefaultHttpContent(Unpooled.wrappedBuffer(event)))
        .addListener(ChannelFutureListener.CLOSE_ON_FAILURE)
        .addListener(written -> later());
  }

  private void later() {
    var unused = context.executor().schedule(this::next, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
  }
}
