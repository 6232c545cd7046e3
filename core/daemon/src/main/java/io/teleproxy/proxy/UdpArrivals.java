package io.teleproxy.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DatagramPacket;
import java.net.InetSocketAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hands on what arrives at a socket of a destination. */
final class UdpArrivals extends ChannelInboundHandlerAdapter {
  private static final Logger log = LoggerFactory.getLogger(TransparentProxy.class);

  /** Takes datagrams, on the socket's event loop. */
  interface Receiver {
    /** Takes the payload over. */
    void arrived(InetSocketAddress client, ByteBuf payload);
  }

  private final Receiver receiver;

  UdpArrivals(Receiver receiver) {
    this.receiver = receiver;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    DatagramPacket packet = (DatagramPacket) message;
    // The buffer is as large as datagrams can be; what waits for an association should not be.
    ByteBuf payload = ctx.alloc().directBuffer(packet.content().readableBytes());
    payload.writeBytes(packet.content());
    packet.release();
    receiver.arrived(packet.sender(), payload);
  }

  /** A client that is gone, or a datagram too large: datagrams are lost sometimes. */
  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    log.debug("{}: {}", ctx.channel(), cause.getMessage());
  }
}
