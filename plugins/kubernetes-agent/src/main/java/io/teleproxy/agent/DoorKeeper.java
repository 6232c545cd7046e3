package io.teleproxy.agent;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.teleproxy.agent.wire.DoorRequest;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Reads the request of who came to the door (HTTP/1.1, RFC 9110 §7.8), and if the token is right
 * answers that the protocol is HTTP/2 from now on. That begins with the client's first bytes: what
 * the server said before them could get lost on the way. Confined to the event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write closes the channel
final class DoorKeeper extends ChannelInboundHandlerAdapter {
  private static final int MAX_REQUEST = 32 * 1024;
  private static final int PATIENCE_SECONDS = 10;

  private static final String SWITCHING =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "
          + DoorRequest.PROTOCOL
          + "\r\n\r\n";

  private static final String FORBIDDEN =
      "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

  private final Door door;
  private final Supplier<AgentConnection> connection;
  private final StringBuilder request = new StringBuilder();
  private boolean waiting;
  private boolean admitted;

  /**
   * One for each channel.
   *
   * @param connection called when somebody is let in
   */
  DoorKeeper(Door door, Supplier<AgentConnection> connection) {
    this.door = door;
    this.connection = connection;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    waiting = door.waits();
    if (!waiting) {
      ctx.close();
      return;
    }
    var patience =
        ctx.executor()
            .schedule(
                () -> {
                  if (!admitted) {
                    ctx.close();
                  }
                },
                PATIENCE_SECONDS,
                TimeUnit.SECONDS);
    ctx.channel().closeFuture().addListener(closed -> patience.cancel(false));
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    if (admitted) {
      ctx.pipeline().replace(this, null, connection.get());
      ctx.pipeline().fireChannelRead(bytes);
      return;
    }
    request.append(bytes.toString(StandardCharsets.ISO_8859_1));
    bytes.release();
    int end = request.indexOf("\r\n\r\n");
    if (end >= 0 && end + 4 == request.length() && door.admits(token())) {
      admitted = true;
      waitsNoMore();
      answer(ctx, SWITCHING);
    } else if (end >= 0 || request.length() > MAX_REQUEST) {
      answer(ctx, FORBIDDEN).addListener(ChannelFutureListener.CLOSE);
    }
  }

  private String token() {
    for (String line : request.toString().split("\r\n", -1)) {
      int colon = line.indexOf(':');
      if (colon > 0
          && line.substring(0, colon).toLowerCase(Locale.ROOT).equals(DoorRequest.TOKEN)) {
        return line.substring(colon + 1).strip();
      }
    }
    return "";
  }

  private static io.netty.channel.ChannelFuture answer(ChannelHandlerContext ctx, String text) {
    return ctx.writeAndFlush(Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII));
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) throws Exception {
    waitsNoMore();
    super.channelInactive(ctx);
  }

  private void waitsNoMore() {
    if (waiting) {
      waiting = false;
      door.waitsNoMore();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }
}
