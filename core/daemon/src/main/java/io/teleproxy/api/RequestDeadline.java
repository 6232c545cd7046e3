package io.teleproxy.api;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a client that has begun a request and does not get on with it, however often it sends a
 * byte. One per connection, on its event loop.
 */
final class RequestDeadline extends ChannelInboundHandlerAdapter {
  private final long millis;
  private @Nullable Future<?> cut;

  RequestDeadline(long millis) {
    this.millis = millis;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (cut == null) {
      cut = ctx.executor().schedule(() -> ctx.close(), millis, TimeUnit.MILLISECONDS);
    }
    ctx.fireChannelRead(message);
  }

  /** The request is complete. */
  void met() {
    if (cut != null) {
      cut.cancel(false);
      cut = null;
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    met();
    ctx.fireChannelInactive();
  }
}
