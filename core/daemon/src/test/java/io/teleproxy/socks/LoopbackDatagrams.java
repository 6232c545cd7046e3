package io.teleproxy.socks;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.DatagramPacket;
import io.teleproxy.net.Transport;
import io.teleproxy.spi.Tunnel;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;

/** A flow of {@link LoopbackTunnel}. */
final class LoopbackDatagrams extends ChannelInboundHandlerAdapter implements Tunnel.DatagramFlow {
  private final Tunnel.DatagramListener listener;
  private final AtomicInteger open;
  private final ChannelFuture connecting;
  private final Channel channel;
  private boolean told;

  LoopbackDatagrams(
      EventLoopGroup loops,
      InetSocketAddress to,
      Tunnel.DatagramListener listener,
      AtomicInteger open) {
    this.listener = listener;
    this.open = open;
    if (to.isUnresolved() && to.getHostString().endsWith(".test")) {
      String kind = to.getHostString().substring(0, to.getHostString().length() - 5);
      listener.failed(new Tunnel.DialFailure(Tunnel.DialFailure.Kind.valueOf(kind), "by its name"));
      told = true;
    }
    open.incrementAndGet();
    connecting =
        new Bootstrap()
            .group(loops)
            .channelFactory(Transport.of(loops).datagram(Loopback.IPV4))
            .option(ChannelOption.RECVBUF_ALLOCATOR, Buffering.DATAGRAM)
            .handler(this)
            .connect(Loopback.IPV4, to.getPort());
    channel = connecting.channel();
    channel.closeFuture().addListener(closed -> open.decrementAndGet());
    connecting.addListener(
        done -> {
          if (!told) {
            listener.opened();
          }
        });
  }

  @Override
  public void send(ByteBuffer datagram) {
    var copy = Unpooled.copiedBuffer(datagram);
    connecting.addListener(done -> channel.writeAndFlush(copy));
  }

  @Override
  public void close() {
    channel
        .eventLoop()
        .execute(
            () -> {
              told = true;
              channel.close();
            });
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    DatagramPacket packet = (DatagramPacket) message;
    listener.received(packet.content().nioBuffer());
    packet.release();
  }

  /** Nobody listens there. */
  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (!told) {
      told = true;
      listener.closed("refused");
    }
    ctx.close();
  }
}
