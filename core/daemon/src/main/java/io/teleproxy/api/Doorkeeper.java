package io.teleproxy.api;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.ReferenceCountUtil;
import io.teleproxy.net.LocalPeers;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets connections of the owner and of root in and tells all others why not, before a byte of
 * theirs is read. Bounds how many there are of each kind, so that neither a flood of strangers nor
 * one of the owner's own programs keeps the owner out or takes the process's descriptors: while too
 * many are unknown, no more are accepted, and who comes then waits in the kernel's queue. One for
 * all connections; thread-safe.
 */
@ChannelHandler.Sharable
final class Doorkeeper extends ChannelInboundHandlerAdapter {
  private static final Logger log = LoggerFactory.getLogger(Doorkeeper.class);

  /** Whose owner is being asked for; a question takes milliseconds. */
  static final int MAX_UNKNOWN = 1024;

  /** Who are being told why not; more are reset without a word. */
  static final int MAX_REFUSED = 32;

  /** How long a refused client may take to hear us out. */
  private static final int REFUSED_SECONDS = 2;

  private final int maxUnknown;
  private final LocalPeers peers;
  private final List<InetSocketAddress> diverted;
  private final Admitted admitted;
  private final Consumer<SocketChannel> serve;
  private final AtomicInteger unknown = new AtomicInteger();
  private final AtomicInteger refused = new AtomicInteger();

  /** Listeners that accept nobody at the moment. */
  private final Set<Channel> paused = new HashSet<>();

  /**
   * @param maxUnknown for how many at a time it is asked whose they are
   * @param diverted addresses whose connections the firewall diverts to us
   * @param serve makes an admitted connection one that is served
   */
  Doorkeeper(
      int maxUnknown,
      LocalPeers peers,
      List<InetSocketAddress> diverted,
      Admitted admitted,
      Consumer<SocketChannel> serve) {
    this.maxUnknown = maxUnknown;
    this.peers = peers;
    this.diverted = List.copyOf(diverted);
    this.admitted = admitted;
    this.serve = serve;
  }

  /** The channel does not read yet. */
  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    SocketChannel channel = (SocketChannel) ctx.channel();
    if (unknown.incrementAndGet() >= maxUnknown) {
      pause(channel.parent());
    }
    peers.check(
        channel,
        diverted,
        reason -> {
          if (unknown.decrementAndGet() <= maxUnknown / 2) {
            resume();
          }
          if (!channel.isActive()) {
            return;
          }
          if (reason.isEmpty()) {
            enter(channel);
          } else {
            log.debug("API: {} refused: {}", channel.remoteAddress(), reason.get());
            refuse(channel, reason.get());
          }
        });
  }

  private synchronized void pause(Channel listener) {
    if (paused.add(listener)) {
      listener.config().setAutoRead(false);
    }
  }

  private synchronized void resume() {
    paused.forEach(listener -> listener.config().setAutoRead(true));
    paused.clear();
  }

  private void enter(SocketChannel channel) {
    admitted.add(channel);
    channel.pipeline().remove(this);
    serve.accept(channel);
    channel.config().setAutoRead(true);
  }

  /** The answer comes before the question: what strangers send is thrown away unread. */
  private void refuse(SocketChannel channel, String reason) {
    if (refused.incrementAndGet() > MAX_REFUSED) {
      refused.decrementAndGet();
      reset(channel);
      return;
    }
    channel.closeFuture().addListener(closed -> refused.decrementAndGet());
    byte[] body = (Reply.error(403, reason).body() + "\n").getBytes(StandardCharsets.UTF_8);
    String head =
        "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: "
            + body.length
            + "\r\nConnection: close\r\n\r\n";
    channel.write(Unpooled.copiedBuffer(head, StandardCharsets.US_ASCII));
    channel
        .writeAndFlush(Unpooled.wrappedBuffer(body))
        .addListener(
            (ChannelFutureListener)
                written -> {
                  // A close now would reset what the client has not read yet.
                  channel.shutdownOutput();
                  channel.config().setAutoRead(true);
                });
    channel.eventLoop().schedule(() -> channel.close(), REFUSED_SECONDS, TimeUnit.SECONDS);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ReferenceCountUtil.release(message);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }

  private static void reset(SocketChannel channel) {
    channel.config().setSoLinger(0);
    channel.close();
  }
}
