package io.teleproxy.agent;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.teleproxy.agent.wire.ProxyStatus;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Opens sockets to where requests want to go; names are resolved as the pod resolves them. */
final class Dialer implements AutoCloseable {
  private static final int CONNECT_TIMEOUT_MILLIS = 10_000;
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(32 * 1024, 128 * 1024);

  /** Who waits for a socket. Called on the event loop. */
  interface Waiter {
    /** The handler of the channel to be. */
    ChannelHandler handler();

    void connected(Channel channel);

    void failed(ProxyStatus why);
  }

  private final EventLoop loop;

  /** For the system's resolver, which blocks. */
  private final ThreadPoolExecutor resolvers =
      new ThreadPoolExecutor(
          4,
          4,
          10,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          new DefaultThreadFactory("resolver", true));

  Dialer(EventLoop loop) {
    this.loop = loop;
    resolvers.allowCoreThreadTimeOut(true);
  }

  void tcp(InetSocketAddress to, Waiter waiter) {
    resolve(to, waiter, addresses -> connect(tcp(), to, addresses, 0, waiter));
  }

  void udp(InetSocketAddress to, Waiter waiter) {
    resolve(to, waiter, addresses -> connect(udp(), to, addresses, 0, waiter));
  }

  private Bootstrap tcp() {
    return new Bootstrap()
        .group(loop)
        .channel(NioSocketChannel.class)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .option(ChannelOption.AUTO_READ, false)
        .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK);
  }

  private Bootstrap udp() {
    return new Bootstrap().group(loop).channel(NioDatagramChannel.class);
  }

  private void resolve(InetSocketAddress to, Waiter waiter, Consumer<InetAddress[]> then) {
    byte[] literal = NetUtil.createByteArrayFromIpAddressString(to.getHostString());
    if (literal != null) {
      try {
        then.accept(new InetAddress[] {InetAddress.getByAddress(literal)});
      } catch (UnknownHostException e) {
        throw new AssertionError(e);
      }
      return;
    }
    resolvers.execute(
        () -> {
          try {
            InetAddress[] addresses = InetAddress.getAllByName(to.getHostString());
            loop.execute(() -> then.accept(addresses));
          } catch (UnknownHostException e) {
            loop.execute(() -> waiter.failed(DialErrors.unknownName(to.getHostString())));
          }
        });
  }

  private static void connect(
      Bootstrap socket, InetSocketAddress to, InetAddress[] addresses, int index, Waiter waiter) {
    InetSocketAddress address = new InetSocketAddress(addresses[index], to.getPort());
    ChannelFuture connecting = socket.handler(waiter.handler()).connect(address);
    connecting.addListener(
        future -> {
          if (future.isSuccess()) {
            waiter.connected(connecting.channel());
          } else if (index + 1 < addresses.length) {
            connect(socket, to, addresses, index + 1, waiter);
          } else {
            waiter.failed(DialErrors.of(address, future.cause()));
          }
        });
  }

  @Override
  public void close() {
    resolvers.shutdown();
  }
}
