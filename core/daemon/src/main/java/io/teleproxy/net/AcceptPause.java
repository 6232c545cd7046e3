package io.teleproxy.net;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Before a listener: when no connection can be accepted since there are too many open files
 * (EMFILE, ENFILE), it is tried again a second later: one that is accepted without room for its
 * other half would only be reset. Until then they wait in the kernel's queue. Netty's own handler
 * does the same, and has each attempt logged as if it were a fault of ours; health says it.
 */
@ChannelHandler.Sharable
public final class AcceptPause extends ChannelInboundHandlerAdapter {
  /** There is only one, which knows nothing. */
  public static final AcceptPause HANDLER = new AcceptPause();

  private static final Logger log = LoggerFactory.getLogger(AcceptPause.class);
  private static final long PAUSE_MILLIS = 1000;

  private AcceptPause() {}

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    boolean tooMany =
        cause instanceof IOException
            && String.valueOf(cause.getMessage()).contains("Too many open files");
    Channel listener = ctx.channel();
    if (!tooMany || !listener.config().isAutoRead()) {
      ctx.fireExceptionCaught(cause);
      return;
    }
    log.debug("{}: {}", listener, cause.getMessage());
    listener.config().setAutoRead(false);
    listener
        .eventLoop()
        .schedule(
            () -> {
              listener.config().setAutoRead(true);
            },
            PAUSE_MILLIS,
            TimeUnit.MILLISECONDS);
  }
}
