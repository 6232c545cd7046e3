package io.teleproxy.agent.wire;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import java.util.concurrent.TimeUnit;

/**
 * When what is written goes out. Each flush is a record of TLS, a system call, and as much again in
 * every process on the way. Confined to the connection's event loop.
 */
final class Flushes {
  /** So long a frame that nobody waits for may wait for company. */
  private static final long COMPANY_MILLIS = 1;

  private final Http2ConnectionHandler connection;
  private boolean scheduled;
  private boolean companyAwaited;
  private boolean unflushed;

  Flushes(Http2ConnectionHandler connection) {
    this.connection = connection;
  }

  /** One flush for all that is written in one turn of the event loop. */
  void soon(ChannelHandlerContext context) {
    if (!scheduled) {
      scheduled = true;
      context
          .executor()
          .execute(
              () -> {
                scheduled = false;
                unflushed = false;
                connection.flush(context);
              });
    }
  }

  /** A flush within a millisecond, sooner if there is one for another reason. */
  @SuppressWarnings("FutureReturnValueIgnored") // never cancelled
  void inCompany(ChannelHandlerContext context) {
    unflushed = true;
    if (!scheduled && !companyAwaited) {
      companyAwaited = true;
      context
          .executor()
          .schedule(
              () -> {
                companyAwaited = false;
                if (unflushed) {
                  soon(context);
                }
              },
              COMPANY_MILLIS,
              TimeUnit.MILLISECONDS);
    }
  }
}
