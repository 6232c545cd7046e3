package io.teleproxy.app;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.teleproxy.net.Transport;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells a service manager how far we are: sd_notify(3), a datagram to {@code $NOTIFY_SOCKET}. */
final class SystemdNotify {
  private static final Logger log = LoggerFactory.getLogger(SystemdNotify.class);

  private SystemdNotify() {}

  /**
   * Sends a state; does nothing where no service manager listens.
   *
   * @param socket the value of {@code NOTIFY_SOCKET}: an absolute path, or @ and an abstract name
   * @param state e.g. {@code READY=1}
   */
  static void send(EventLoopGroup loops, @Nullable String socket, String state) {
    if (socket == null || socket.isEmpty() || Transport.of(loops) != Transport.EPOLL) {
      return;
    }
    // unix(7): an abstract address begins with a null byte
    String path = socket.startsWith("@") ? "\0" + socket.substring(1) : socket;
    ChannelFuture connected =
        new Bootstrap()
            .group(loops)
            .channel(EpollDomainDatagramChannel.class)
            .handler(new ChannelInboundHandlerAdapter())
            .connect(new DomainSocketAddress(path))
            .awaitUninterruptibly();
    ChannelFuture sent = connected;
    if (connected.isSuccess()) {
      sent =
          connected
              .channel()
              .writeAndFlush(Unpooled.copiedBuffer(state, StandardCharsets.UTF_8))
              .awaitUninterruptibly();
    }
    if (!sent.isSuccess()) {
      log.warn("NOTIFY_SOCKET={} takes no message ({})", socket, sent.cause().toString());
    }
    connected.channel().close();
  }
}
