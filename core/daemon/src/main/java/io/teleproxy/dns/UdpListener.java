package io.teleproxy.dns;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DatagramPacket;
import java.net.InetSocketAddress;

/** Takes queries from one UDP socket. Confined to its channel's event loop. */
final class UdpListener extends ChannelInboundHandlerAdapter {
  private final Responder responder;
  private final QueryReader query = new QueryReader();
  private final AnswerCache cache = new AnswerCache();

  UdpListener(Responder responder) {
    this.responder = responder;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    DatagramPacket packet = (DatagramPacket) message;
    try {
      ByteBuf request = packet.content();
      InetSocketAddress sender = packet.sender();
      ByteBuf reply = responder.atOnce(ctx.alloc(), query, request, false, cache);
      if (reply == null) {
        new Inquiry(
                responder,
                ctx.channel().eventLoop(),
                ctx.alloc(),
                ByteBufUtil.getBytes(request),
                false,
                answer -> ctx.writeAndFlush(new DatagramPacket(answer, sender), ctx.voidPromise()))
            .begin(sender);
      } else if (reply.isReadable()) {
        ctx.write(new DatagramPacket(reply, sender), ctx.voidPromise());
      }
    } finally {
      packet.release();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    ctx.flush();
  }

  /** A client that is gone, or a full queue: UDP loses packets, and clients ask again. */
  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    Failures.note(cause);
  }
}
