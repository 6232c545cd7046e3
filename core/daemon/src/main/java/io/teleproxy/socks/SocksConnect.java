package io.teleproxy.socks;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.PendingWriteQueue;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.teleproxy.socks.Socks5.ProtocolException;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The client's side of RFC 1928 on a connection to a SOCKS5 proxy: asks for a destination, or for
 * an association of datagrams, and is gone from the pipeline once it is granted. Handlers behind it
 * may write from the beginning. Pipelined, these bytes go out right behind the request; otherwise
 * they wait for the proxy's consent, because many proxies break when they get more than they have
 * asked for.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failures arrive as events of the channel
public final class SocksConnect extends ChannelDuplexHandler {
  /** For the proxy to answer the greeting; it is on this machine. */
  private static final int GREETING_SECONDS = 10;

  /** For the proxy to connect: longer than the 127 s after which Linux gives up on its own. */
  private static final int REQUEST_SECONDS = 130;

  /**
   * What becomes of the request, on the channel's event loop; exactly one is called, once, unless
   * the channel does not connect, which its future tells.
   */
  public interface Outcome {
    void connected();

    /** The channel is of no more use. */
    void failed(String reason);
  }

  private enum State {
    CONNECTING,
    GREETING,
    REQUEST,
    DONE
  }

  private final int command;
  private final InetSocketAddress destination;
  private final boolean pipelined;
  private final long flow;
  private final Outcome outcome;
  private State state = State.CONNECTING;
  private @Nullable PendingWriteQueue waiting;
  private @Nullable ByteBuf received;
  private @Nullable Future<?> timeout;
  private @Nullable InetSocketAddress relay;

  /**
   * @param destination resolved
   * @param pipelined whether the proxy is ours, and so known to take everything at once
   * @param flow by which number our own proxy's log is to name it; 0 for none
   */
  public SocksConnect(
      InetSocketAddress destination, boolean pipelined, long flow, Outcome outcome) {
    this(Socks5.CONNECT, destination, pipelined, flow, outcome);
  }

  private SocksConnect(
      int command, InetSocketAddress destination, boolean pipelined, long flow, Outcome outcome) {
    this.command = command;
    this.destination = destination;
    this.pipelined = pipelined;
    this.flow = flow;
    this.outcome = outcome;
  }

  /**
   * Asks for an association instead (RFC 1928 §4, UDP ASSOCIATE).
   *
   * @param from the address and port from which datagrams will be sent
   */
  static SocksConnect associate(
      InetSocketAddress from, boolean pipelined, long flow, Outcome outcome) {
    return new SocksConnect(Socks5.UDP_ASSOCIATE, from, pipelined, flow, outcome);
  }

  /** Where the datagrams of an association are to be sent; known once it is granted. */
  @Nullable InetSocketAddress relay() {
    return relay;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    if (!pipelined) {
      waiting = new PendingWriteQueue(ctx);
    }
    ByteBuf first = ctx.alloc().directBuffer(48);
    if (pipelined && flow > 0) {
      Socks5.writeGreeting(first, flow);
    } else {
      Socks5.writeGreeting(first);
    }
    if (pipelined) {
      Socks5.writeRequest(first, command, destination);
    }
    // Before anything of the handlers behind; goes out with the flush once connected.
    ctx.write(first, ctx.voidPromise());
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    state = State.GREETING;
    ctx.flush();
    arm(ctx, GREETING_SECONDS);
    ctx.fireChannelActive();
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    if (waiting != null) {
      waiting.add(message, promise);
    } else {
      ctx.write(message, promise);
    }
  }

  /** A flush on a channel that is not connected yet would fail what is written. */
  @Override
  public void flush(ChannelHandlerContext ctx) {
    if (state != State.CONNECTING) {
      ctx.flush();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    if (received != null) {
      received.writeBytes(bytes);
      bytes.release();
      bytes = received;
      received = null;
    }
    try {
      if (!answered(ctx, bytes)) {
        received = ctx.alloc().buffer(bytes.readableBytes()).writeBytes(bytes);
        bytes.release();
      } else {
        connected(ctx, bytes);
      }
    } catch (ProtocolException e) {
      bytes.release();
      fail(ctx, String.valueOf(e.getMessage()));
    }
  }

  /** Takes what is complete; true if the destination is connected. */
  private boolean answered(ChannelHandlerContext ctx, ByteBuf bytes) throws ProtocolException {
    if (state == State.GREETING) {
      if (bytes.readableBytes() < 2) {
        return false;
      }
      int version = bytes.readUnsignedByte();
      int method = bytes.readUnsignedByte();
      if (version != Socks5.VERSION) {
        throw new ProtocolException(-1, "it does not speak SOCKS5");
      }
      if (method != Socks5.NO_AUTHENTICATION) {
        throw new ProtocolException(-1, "it wants authentication");
      }
      state = State.REQUEST;
      arm(ctx, REQUEST_SECONDS);
      if (!pipelined) {
        ByteBuf request = ctx.alloc().directBuffer(32);
        Socks5.writeRequest(request, command, destination);
        ctx.writeAndFlush(request, ctx.voidPromise());
      }
    }
    if (bytes.readableBytes() >= 2) {
      int reply = bytes.getUnsignedByte(bytes.readerIndex() + 1);
      if (reply != Socks5.SUCCEEDED) {
        throw new ProtocolException(reply, Socks5.describe(reply));
      }
    }
    int length = Socks5.addressedLength(bytes);
    if (length < 0) {
      return false;
    }
    if (command == Socks5.UDP_ASSOCIATE) {
      bytes.skipBytes(3);
      relay = Socks5.readAddress(bytes);
    } else {
      bytes.skipBytes(length);
    }
    return true;
  }

  private void connected(ChannelHandlerContext ctx, ByteBuf firstData) {
    finish();
    outcome.connected();
    if (waiting != null) {
      waiting.removeAndWriteAll();
      waiting = null;
      ctx.flush();
    }
    if (firstData.isReadable()) {
      ctx.fireChannelRead(firstData);
    } else {
      firstData.release();
    }
    ctx.pipeline().remove(this);
  }

  private void fail(ChannelHandlerContext ctx, String reason) {
    if (state != State.DONE) {
      finish();
      outcome.failed(reason);
      ctx.close();
    }
  }

  private void finish() {
    state = State.DONE;
    if (timeout != null) {
      timeout.cancel(false);
      timeout = null;
    }
  }

  private void arm(ChannelHandlerContext ctx, int seconds) {
    if (timeout != null) {
      timeout.cancel(false);
    }
    timeout =
        ctx.executor()
            .schedule(
                () -> fail(ctx, "no answer for " + seconds + " s"), seconds, TimeUnit.SECONDS);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent && state != State.DONE) {
      fail(ctx, "it closed the connection");
    } else {
      ctx.fireUserEventTriggered(event);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (state == State.CONNECTING) {
      // The request could not be written to a channel that did not connect; why, its future tells.
      return;
    }
    if (state != State.DONE) {
      fail(ctx, String.valueOf(cause.getMessage()));
    } else {
      ctx.fireExceptionCaught(cause);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    fail(ctx, "it closed the connection");
    ctx.fireChannelInactive();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    finish();
    if (received != null) {
      received.release();
      received = null;
    }
    if (waiting != null) {
      waiting.removeAndFailAll(new ClosedChannelException());
      waiting = null;
    }
  }
}
