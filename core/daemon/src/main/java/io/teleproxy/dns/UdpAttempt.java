package io.teleproxy.dns;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A nameserver asked over UDP, from a socket that is connected to it: the system picks a random
 * port, drops what others send to it, and reports a nameserver that is not there.
 */
final class UdpAttempt extends ChannelInboundHandlerAdapter implements Attempt {
  /** What servers send to clients that do not ask for more (RFC 6891 §6.2.5). */
  private static final FixedRecvByteBufAllocator ORDINARY = new FixedRecvByteBufAllocator(4096);

  private static final FixedRecvByteBufAllocator LARGEST = new FixedRecvByteBufAllocator(65_535);

  private final Exchange exchange;
  private final InetSocketAddress server;
  private final int id;
  private @Nullable DatagramChannel channel;
  private @Nullable InetSocketAddress local;
  private boolean closed;

  UdpAttempt(Exchange exchange, InetSocketAddress server) {
    this.exchange = exchange;
    this.server = server;
    this.id = exchange.relay().nextId();
  }

  @Override
  public InetSocketAddress server() {
    return server;
  }

  @Override
  public void begin() {
    DatagramChannel udp;
    try {
      udp = exchange.relay().transport().datagram(server.getAddress()).newChannel();
    } catch (ChannelException e) {
      // No file descriptor is left.
      failed();
      return;
    }
    channel = udp;
    udp.config().setRecvByteBufAllocator(mayBeLarge(exchange.request) ? LARGEST : ORDINARY);
    udp.pipeline().addLast(this);
    exchange
        .loop
        .register(udp)
        .addListener(
            (ChannelFutureListener)
                registered -> {
                  if (registered.isSuccess()) {
                    udp.connect(server).addListener((ChannelFutureListener) this::connected);
                  } else {
                    failed();
                  }
                });
  }

  private void connected(ChannelFuture connected) {
    if (closed) {
      return;
    }
    if (!connected.isSuccess() || !(connected.channel() instanceof DatagramChannel udp)) {
      failed();
      return;
    }
    InetSocketAddress bound = udp.localAddress();
    if (bound != null) {
      local = bound;
      exchange.relay().opened(bound);
    }
    ByteBuf query = udp.alloc().directBuffer(exchange.request.length);
    query.writeBytes(exchange.request).setShort(0, id);
    udp.writeAndFlush(query)
        .addListener(
            written -> {
              if (!written.isSuccess()) {
                failed();
              }
            });
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (!closed && message instanceof DatagramPacket packet) {
      ByteBuf answer = packet.content();
      if (Wire.answers(answer, exchange.request, exchange.questionLength, id)) {
        exchange.answered(this, answer);
        return;
      }
    }
    ReferenceCountUtil.release(message);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    failed();
  }

  private void failed() {
    if (!closed) {
      exchange.refused(this);
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      if (local != null) {
        exchange.relay().closed(local);
      }
      if (channel != null) {
        channel.close();
      }
    }
  }

  /** Whether the client says in OPT that it takes more than the usual. */
  private static boolean mayBeLarge(byte[] request) {
    // The last record of a query is usually OPT without options: 11 bytes, root name first.
    // Anything
    // else that is long enough to hold options gets the large buffer without a closer look.
    int opt = request.length - 11;
    boolean plain = opt >= QueryReader.HEADER && request[opt] == 0 && request[opt + 2] == 41;
    return plain ? Wire.u16(request, opt + 3) > 4096 : Wire.u16(request, 10) > 0;
  }
}
