package io.teleproxy.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.RawUnixChannelOption;
import io.teleproxy.spi.Interceptor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/** An accepted connection as an interceptor sees it. */
record AcceptedSocket(Channel channel) implements Interceptor.AcceptedConnection {
  @Override
  public InetSocketAddress peer() {
    return (InetSocketAddress) channel.remoteAddress();
  }

  @Override
  public InetSocketAddress local() {
    return (InetSocketAddress) channel.localAddress();
  }

  @Override
  public byte[] socketOption(int level, int name, int length) throws IOException {
    if (!(channel instanceof EpollSocketChannel)) {
      throw new IOException("socket options by number need netty's epoll transport");
    }
    try {
      ByteBuffer value =
          channel.config().getOption(new RawUnixChannelOption("getsockopt", level, name, length));
      byte[] bytes = new byte[value.remaining()];
      value.get(bytes);
      return bytes;
    } catch (ChannelException e) {
      throw e.getCause() instanceof IOException cause ? cause : new IOException(e);
    }
  }
}
