package io.teleproxy.socks;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import io.teleproxy.net.OutputShutdown;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A TCP socket as an end of a relay; the last handler of its channel, which must have {@link
 * ChannelOption#ALLOW_HALF_CLOSURE} set. Confined to the channel's event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failures arrive as events of the channel
public final class SocketEnd extends ChannelInboundHandlerAdapter implements RelayEnd {
  /** How long a refused client may take to read the refusal and close. */
  private static final int LINGER_SECONDS = 5;

  private final DuplexChannel channel;
  private @Nullable Relay relay;
  private @Nullable String failure;
  private boolean inputEnded;
  private boolean outputEnding;
  private boolean outputEnded;
  private boolean refused;
  private boolean over;

  public SocketEnd(Channel channel) {
    this.channel = (DuplexChannel) channel;
  }

  /** Must be called before anything is read. */
  public void join(Relay joined) {
    relay = joined;
  }

  /** Sends a last word and FIN, then waits for the client to close, throwing away what it sends. */
  void refuse(ByteBuf lastWord) {
    refused = true;
    reading(true);
    write(lastWord);
    shutdownOutput();
    // Closing right away with unread bytes in the socket would make the kernel send RST, which
    // can overtake the last word.
    var giveUp =
        channel.eventLoop().schedule((Runnable) this::reset, LINGER_SECONDS, TimeUnit.SECONDS);
    channel.closeFuture().addListener(closed -> giveUp.cancel(false));
  }

  @Override
  public void write(ByteBuf data) {
    if (over || outputEnding) {
      data.release();
    } else {
      channel.write(data, channel.voidPromise());
    }
  }

  @Override
  public void flush() {
    channel.flush();
  }

  @Override
  public boolean accepting() {
    return channel.isWritable();
  }

  @Override
  public void shutdownOutput() {
    if (over || outputEnding) {
      return;
    }
    outputEnding = true;
    // FIN must not overtake what is still waiting in the channel, so it queues up behind it.
    channel
        .writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(
            written -> {
              if (!written.isSuccess() || over) {
                return;
              }
              if (inputEnded) {
                // Nothing is left to come: closing sends FIN as well, and ends the channel.
                outputEnded(true);
              } else {
                OutputShutdown.of(channel, this::outputEnded);
              }
            });
  }

  @Override
  public void reading(boolean wanted) {
    if (!over) {
      channel.config().setAutoRead(wanted);
    }
  }

  @Override
  public void reset() {
    reset(channel);
  }

  /** Closes a socket with RST. */
  public static void reset(Channel channel) {
    if (channel.isOpen()) {
      try {
        channel.config().setOption(ChannelOption.SO_LINGER, 0);
      } catch (ChannelException e) {
        // The socket is already gone in the kernel; closing is all that is left.
      }
      channel.close();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (relay == null || refused || over) {
      ReferenceCountUtil.release(message);
    } else {
      relay.received(this, (ByteBuf) message);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (relay != null && !refused) {
      relay.receivedAll(this);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent && !inputEnded && failure == null) {
      inputEnded = true;
      if (relay != null && !refused) {
        relay.finished(this);
      }
      closeIfBothEnded();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (relay != null && !refused && channel.isWritable()) {
      relay.writable(this);
    }
  }

  /**
   * Reading failed: the peer sent RST, or the connection broke. Comes before any shutdown event.
   */
  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (failure == null) {
      failure = describe(cause);
    }
    reset();
  }

  /** Also the only notice of a failed write: netty closes the channel then. */
  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (over) {
      return;
    }
    over = true;
    if (relay != null) {
      boolean clean = failure == null && ((inputEnded && outputEnded) || refused);
      relay.closed(this, clean ? null : failure == null ? "connection lost" : failure);
    }
  }

  private void outputEnded(boolean success) {
    if (success) {
      outputEnded = true;
      closeIfBothEnded();
    } else {
      channel.close();
    }
  }

  private void closeIfBothEnded() {
    if (inputEnded && outputEnded) {
      channel.close();
    }
  }

  private static String describe(Throwable cause) {
    String message = cause.getMessage();
    if (message == null) {
      return cause.getClass().getSimpleName();
    }
    return message.endsWith("Connection reset by peer") || message.equals("Connection reset")
        ? "reset by peer"
        : message;
  }
}
