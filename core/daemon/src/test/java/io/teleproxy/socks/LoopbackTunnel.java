package io.teleproxy.socks;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.teleproxy.net.Transport;
import io.teleproxy.spi.Tunnel;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A tunnel whose far end is this machine: every destination is dialled on 127.0.0.1 at its port, by
 * event loops of its own. A host name {@code KIND.test} fails with that kind; {@code never.test}
 * says nothing.
 */
public final class LoopbackTunnel implements Tunnel.Session {
  private final EventLoopGroup loops = Transport.group("tunnel", 1);
  private final List<Dialled> live = new CopyOnWriteArrayList<>();

  /** How many flows of datagrams are open. */
  public final AtomicInteger openDatagrams = new AtomicInteger();

  /** What it was asked for, in order. */
  public final List<InetSocketAddress> asked = new CopyOnWriteArrayList<>();

  @Override
  public Tunnel.Connection dial(InetSocketAddress to, Tunnel.Listener listener) {
    asked.add(to);
    Dialled dialled = new Dialled(listener);
    if (to.isUnresolved() && to.getHostString().endsWith(".test")) {
      String kind = to.getHostString().substring(0, to.getHostString().length() - 5);
      if (!kind.equals("never")) {
        listener.failed(
            new Tunnel.DialFailure(Tunnel.DialFailure.Kind.valueOf(kind), "by its name"));
      }
      return dialled;
    }
    live.add(dialled);
    ChannelFuture connecting =
        new Bootstrap()
            .group(loops)
            .channelFactory(Transport.of(loops).client(Loopback.IPV4))
            .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .handler(dialled)
            .connect(Loopback.IPV4, to.getPort());
    dialled.channel = connecting.channel();
    connecting.addListener(
        done -> {
          if (!done.isSuccess()) {
            dialled.refused(done.cause());
          }
        });
    return dialled;
  }

  /** One UDP socket, connected to 127.0.0.1 at the destination's port. */
  @Override
  public Tunnel.DatagramFlow datagrams(InetSocketAddress to, Tunnel.DatagramListener listener) {
    asked.add(to);
    return new LoopbackDatagrams(loops, to, listener, openDatagrams);
  }

  @Override
  public void close() {
    live.forEach(connection -> connection.end("tunnel closed"));
    loops.shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS).awaitUninterruptibly();
  }

  private final class Dialled extends ChannelInboundHandlerAdapter implements Tunnel.Connection {
    private final Tunnel.Listener listener;
    private volatile Channel channel;
    private boolean active;
    private boolean shutdownWanted;
    private boolean inputEnded;
    private boolean outputEnded;
    private boolean over;

    Dialled(Tunnel.Listener listener) {
      this.listener = listener;
    }

    void refused(Throwable cause) {
      over = true;
      live.remove(this);
      listener.failed(
          new Tunnel.DialFailure(Tunnel.DialFailure.Kind.REFUSED, String.valueOf(cause)));
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      channel = ctx.channel();
      active = true;
      listener.opened();
      channel.flush();
      if (shutdownWanted) {
        shutdownNow();
      }
    }

    @Override
    public void write(ByteBuffer data) {
      if (channel == null) {
        return;
      }
      ByteBuf copy = Unpooled.copiedBuffer(data);
      channel.write(copy);
      channel.eventLoop().execute(() -> flushIfActive());
    }

    private void flushIfActive() {
      if (active) {
        channel.flush();
      }
    }

    @Override
    public boolean writable() {
      return channel == null || channel.isWritable();
    }

    @Override
    public void shutdownOutput() {
      if (channel != null) {
        channel
            .eventLoop()
            .execute(
                () -> {
                  shutdownWanted = true;
                  if (active) {
                    shutdownNow();
                  }
                });
      }
    }

    private void shutdownNow() {
      channel
          .writeAndFlush(Unpooled.EMPTY_BUFFER)
          .addListener(
              written ->
                  ((DuplexChannel) channel)
                      .shutdownOutput()
                      .addListener(
                          shut -> {
                            outputEnded = true;
                            closeIfBothEnded();
                          }));
    }

    @Override
    public void reading(boolean wanted) {
      if (channel != null) {
        channel.config().setAutoRead(wanted);
      }
    }

    @Override
    public void reset() {
      if (channel != null) {
        channel
            .eventLoop()
            .execute(
                () -> {
                  over = true;
                  live.remove(this);
                  SocketEnd.reset(channel);
                });
      }
    }

    private void end(String reason) {
      channel.eventLoop().execute(() -> endNow(reason));
    }

    private void endNow(String reason) {
      if (!over) {
        over = true;
        live.remove(this);
        SocketEnd.reset(channel);
        listener.reset(reason);
      }
    }

    private void closeIfBothEnded() {
      if (inputEnded && outputEnded) {
        over = true;
        live.remove(this);
        channel.close();
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf data = (ByteBuf) message;
      if (!over) {
        listener.received(data.nioBuffer());
      }
      data.release();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      if (active && channel.isWritable()) {
        listener.writable();
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof ChannelInputShutdownEvent && !over) {
        inputEnded = true;
        listener.inputShutdown();
        closeIfBothEnded();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      endNow(cause.getMessage());
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      endNow("connection lost");
    }
  }
}
