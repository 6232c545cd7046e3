package io.teleproxy.plugin.kubernetes.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.ReferenceCountUtil;
import io.teleproxy.plugin.kubernetes.api.Failures;
import io.teleproxy.plugin.kubernetes.portforward.Carrier;
import java.util.function.IntConsumer;

/** Carries a flow over a TCP connection of its own: the way to the API server itself. */
final class DirectCarrier extends ChannelInboundHandlerAdapter implements Carrier {
  private final SocketChannel channel;
  private final Events events;
  private boolean finished;
  private boolean inputEnded;
  private boolean over;

  private DirectCarrier(SocketChannel channel, Events events) {
    this.channel = channel;
    this.events = events;
  }

  /** Takes over an open connection; the caller attaches the flow and then says it is accepted. */
  static DirectCarrier on(Channel channel, Events events) {
    DirectCarrier carrier = new DirectCarrier((SocketChannel) channel, events);
    channel.pipeline().addLast(carrier);
    return carrier;
  }

  @Override
  public void write(ByteBuf bytes, IntConsumer sent) {
    bytes.skipBytes(HEADROOM);
    int length = bytes.readableBytes();
    channel.writeAndFlush(bytes).addListener(future -> sent.accept(length));
  }

  @Override
  public void finish() {
    finished = true;
    // After what was written: shutdownOutput of netty would overtake it.
    channel
        .writeAndFlush(channel.alloc().buffer(0))
        .addListener(
            future -> {
              if (channel.isActive()) {
                channel.shutdownOutput();
              }
              closeIfBothEnded();
            });
  }

  @Override
  public void reading(boolean wanted) {
    channel.config().setAutoRead(wanted);
  }

  @Override
  public void abort() {
    over = true;
    if (channel.isActive()) {
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
    }
    channel.close();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    try {
      if (!over) {
        events.received((ByteBuf) message);
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE && !over && !inputEnded) {
      inputEnded = true;
      events.inputFinished();
      closeIfBothEnded();
    }
  }

  private void closeIfBothEnded() {
    if (finished && inputEnded) {
      over = true;
      channel.close();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    lost("the connection to the API server was closed");
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    lost("the connection to the API server broke: " + Failures.text(cause));
    ctx.close();
  }

  private void lost(String reason) {
    if (!over) {
      over = true;
      events.lost(reason);
    }
  }
}
