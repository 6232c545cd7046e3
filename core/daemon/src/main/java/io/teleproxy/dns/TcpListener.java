package io.teleproxy.dns;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.timeout.IdleStateEvent;
import java.net.InetSocketAddress;

/**
 * Takes queries from one client's TCP connection: several at a time, answered as soon as their
 * answers are there, in any order (RFC 7766 §6.2.1.1, §7). Confined to its channel's event loop.
 */
final class TcpListener extends ChannelInboundHandlerAdapter {
  /** Queries of one connection under way at the same time; above it, no more are read. */
  private static final int MAX_PENDING = 100;

  private final Responder responder;
  private final QueryReader query = new QueryReader();
  private int pending;
  private boolean clientDone;

  TcpListener(Responder responder) {
    this.responder = responder;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf request = (ByteBuf) message;
    try {
      ByteBuf reply = responder.atOnce(ctx.alloc(), query, request, true, null);
      if (reply != null) {
        if (reply.isReadable()) {
          write(ctx, reply);
        } else {
          // What speaks TCP and sends no queries has nothing to do here.
          ctx.close();
        }
      } else {
        pending++;
        new Inquiry(
                responder,
                ctx.channel().eventLoop(),
                ctx.alloc(),
                ByteBufUtil.getBytes(request),
                true,
                answer -> answered(ctx, answer))
            .begin((InetSocketAddress) ctx.channel().remoteAddress());
        readOrNot(ctx);
      }
    } finally {
      request.release();
    }
  }

  private void answered(ChannelHandlerContext ctx, ByteBuf answer) {
    // A zone transfer's later messages find nothing pending any more.
    pending = Math.max(0, pending - 1);
    write(ctx, answer);
    ctx.flush();
    readOrNot(ctx);
    closeWhenDone(ctx);
  }

  private static void write(ChannelHandlerContext ctx, ByteBuf reply) {
    ctx.write(ctx.alloc().buffer(2).writeShort(reply.readableBytes()), ctx.voidPromise());
    ctx.write(reply, ctx.voidPromise());
  }

  private void readOrNot(ChannelHandlerContext ctx) {
    ctx.channel().config().setAutoRead(pending < MAX_PENDING && ctx.channel().isWritable());
  }

  private void closeWhenDone(ChannelHandlerContext ctx) {
    if (clientDone && pending == 0) {
      ctx.close();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    readOrNot(ctx);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    ctx.flush();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof IdleStateEvent) {
      if (pending == 0) {
        ctx.close();
      }
    } else if (event instanceof ChannelInputShutdownEvent) {
      clientDone = true;
      closeWhenDone(ctx);
    } else {
      ctx.fireUserEventTriggered(event);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    Failures.note(cause);
    ctx.close();
  }
}
