package io.teleproxy.dns;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A nameserver asked over TCP, on a connection for this query alone: servers that answer in order,
 * or one query only, hold nobody up.
 */
final class TcpAttempt extends ChannelInboundHandlerAdapter implements Attempt {
  private final Exchange exchange;
  private final InetSocketAddress server;
  private final int id;
  private @Nullable Channel channel;
  private @Nullable InetSocketAddress local;
  private boolean closed;

  TcpAttempt(Exchange exchange, InetSocketAddress server) {
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
    Channel tcp;
    try {
      tcp = exchange.relay().transport().client(server.getAddress()).newChannel();
    } catch (ChannelException e) {
      // No file descriptor is left.
      failed();
      return;
    }
    channel = tcp;
    tcp.config().setOption(ChannelOption.TCP_NODELAY, true);
    tcp.pipeline().addLast(new LengthFieldBasedFrameDecoder(0xffff + 2, 0, 2, 0, 2), this);
    exchange
        .loop
        .register(tcp)
        .addListener(
            (ChannelFutureListener)
                registered -> {
                  if (registered.isSuccess()) {
                    tcp.connect(server)
                        .addListener(
                            connected -> {
                              if (!connected.isSuccess()) {
                                failed();
                              }
                            });
                  } else {
                    failed();
                  }
                });
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    if (ctx.channel().localAddress() instanceof InetSocketAddress bound && !closed) {
      local = bound;
      exchange.relay().opened(bound);
    }
    ByteBuf query = ctx.alloc().directBuffer(2 + exchange.request.length);
    query.writeShort(exchange.request.length).writeBytes(exchange.request).setShort(2, id);
    ctx.writeAndFlush(query, ctx.voidPromise());
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (!closed && message instanceof ByteBuf answer) {
      // Later messages of a transfer need not repeat the question (RFC 5936 §2.2.1).
      int question = exchange.isTransferring() ? 0 : exchange.questionLength;
      if (Wire.answers(answer, exchange.request, question, id)) {
        exchange.answered(this, answer);
        return;
      }
    }
    ReferenceCountUtil.release(message);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    failed();
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
}
