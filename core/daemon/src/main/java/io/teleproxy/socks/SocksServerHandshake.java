package io.teleproxy.socks;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.NetUtil;
import io.teleproxy.socks.Socks5.ProtocolException;
import io.teleproxy.spi.Tunnel;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's side of RFC 1928 up to the request; then a {@link SocketEnd} takes its place in the
 * pipeline, and what the client has sent after its request is the first that is relayed. Greeting,
 * request and early data may come in any number of segments. One per connection, on its event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failures arrive as events of the channel
final class SocksServerHandshake extends ChannelInboundHandlerAdapter {
  private static final Logger log = LoggerFactory.getLogger(SocksServer.class);

  private final Tunnel.Session tunnel;
  private final UdpAssociations associations;
  private @Nullable ByteBuf received;
  private boolean greeted;

  /** By which number the client names the flow; 0 if it does not, or nobody wants to know. */
  private long flow;

  SocksServerHandshake(Tunnel.Session tunnel, UdpAssociations associations) {
    this.tunnel = tunnel;
    this.associations = associations;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    if (received != null) {
      // At most a greeting and a request, 519 bytes, wait here before one of them is complete.
      received.writeBytes(bytes);
      bytes.release();
      bytes = received;
      received = null;
    }
    try {
      proceed(ctx, bytes);
    } catch (ProtocolException e) {
      log.debug("{}: {}", ctx.channel().remoteAddress(), e.getMessage());
      refuse(ctx, e.reply);
      bytes.release();
    }
  }

  /** Takes ownership of the bytes, unless it throws. */
  private void proceed(ChannelHandlerContext ctx, ByteBuf bytes) throws ProtocolException {
    if (!greeted && !greeting(ctx, bytes)) {
      keep(ctx, bytes);
      return;
    }
    int length = Socks5.addressedLength(bytes);
    if (length < 0) {
      keep(ctx, bytes);
      return;
    }
    int version = bytes.readUnsignedByte();
    int command = bytes.readUnsignedByte();
    bytes.skipBytes(1);
    if (version != Socks5.VERSION) {
      throw new ProtocolException(Socks5.GENERAL_FAILURE, "not a SOCKS5 request");
    }
    switch (command) {
      case Socks5.CONNECT -> dial(ctx, Socks5.readAddress(bytes), bytes);
      case Socks5.UDP_ASSOCIATE -> {
        UdpAssociation association =
            associations.next(ctx.channel(), Socks5.readAnyAddress(bytes), flow);
        bytes.release();
        ctx.pipeline().replace(this, null, association.control());
        association.bind();
      }
      default -> throw new ProtocolException(Socks5.COMMAND_NOT_SUPPORTED, "command " + command);
    }
  }

  /** Reads and answers the greeting; false if it is not complete. */
  private boolean greeting(ChannelHandlerContext ctx, ByteBuf bytes) throws ProtocolException {
    int start = bytes.readerIndex();
    if (bytes.isReadable() && bytes.getUnsignedByte(start) != Socks5.VERSION) {
      throw new ProtocolException(-1, "not a SOCKS5 greeting");
    }
    if (bytes.readableBytes() < 2 || bytes.readableBytes() < 2 + bytes.getUnsignedByte(start + 1)) {
      return false;
    }
    int methods = bytes.getUnsignedByte(start + 1);
    boolean acceptable =
        ByteBufUtil.indexOf(bytes, start + 2, start + 2 + methods, (byte) Socks5.NO_AUTHENTICATION)
            >= 0;
    if (log.isDebugEnabled()) {
      flow = Socks5.flow(bytes, start + 2, methods);
    }
    bytes.skipBytes(2 + methods);
    greeted = true;
    int method = acceptable ? Socks5.NO_AUTHENTICATION : Socks5.NO_ACCEPTABLE_METHOD;
    ByteBuf answer = ctx.alloc().directBuffer(2).writeByte(Socks5.VERSION).writeByte(method);
    if (!acceptable) {
      become(ctx).refuse(answer);
      throw new ProtocolException(-1, "authentication wanted");
    }
    ctx.writeAndFlush(answer, ctx.voidPromise());
    return true;
  }

  private void dial(ChannelHandlerContext ctx, InetSocketAddress to, ByteBuf earlyData) {
    SocketEnd client = become(ctx);
    if (log.isDebugEnabled()) {
      log.debug("#{} dial {}", flow, NetUtil.toSocketAddressString(to));
    }
    TunnelEnd server =
        new TunnelEnd(
            ctx.channel(),
            new TunnelEnd.Dial() {
              @Override
              public void opened() {
                if (log.isDebugEnabled()) {
                  log.debug("#{} open at the far end", flow);
                }
                client.write(reply(ctx, Socks5.SUCCEEDED));
                client.flush();
              }

              @Override
              public void failed(Tunnel.DialFailure failure) {
                if (log.isDebugEnabled()) {
                  log.debug("#{} {} ({})", flow, failure.kind(), failure.detail());
                }
                client.refuse(reply(ctx, Socks5.reply(failure.kind())));
              }
            });
    Tunnel.Connection connection;
    try {
      connection = tunnel.dial(to, server);
    } catch (RuntimeException e) {
      log.error("Dialling {} failed unexpectedly", to, e);
      client.refuse(reply(ctx, Socks5.GENERAL_FAILURE));
      earlyData.release();
      return;
    }
    Relay relay =
        new Relay(client, server, log.isDebugEnabled() ? new LoggedEnd(flow) : Relay.Observer.NONE);
    server.join(connection, relay);
    client.join(relay);
    if (earlyData.isReadable()) {
      relay.received(client, earlyData);
    } else {
      earlyData.release();
    }
  }

  private record LoggedEnd(long flow) implements Relay.Observer {
    @Override
    public void carried(boolean up, int bytes) {}

    @Override
    public void ended(String reason) {
      log.debug("#{} ended at the far end: {}", flow, reason);
    }
  }

  private void refuse(ChannelHandlerContext ctx, int reply) {
    if (ctx.isRemoved()) {
      return;
    }
    if (reply < 0) {
      SocketEnd.reset(ctx.channel());
    } else {
      become(ctx).refuse(reply(ctx, reply));
    }
  }

  private SocketEnd become(ChannelHandlerContext ctx) {
    SocketEnd end = new SocketEnd(ctx.channel());
    ctx.pipeline().replace(this, null, end);
    return end;
  }

  private static ByteBuf reply(ChannelHandlerContext ctx, int reply) {
    ByteBuf buffer = ctx.alloc().directBuffer(10);
    Socks5.writeReply(buffer, reply);
    return buffer;
  }

  private void keep(ChannelHandlerContext ctx, ByteBuf bytes) {
    received = ctx.alloc().buffer(bytes.readableBytes()).writeBytes(bytes);
    bytes.release();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      ctx.close(); // gone before it has asked for anything
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    if (received != null) {
      received.release();
      received = null;
    }
  }
}
