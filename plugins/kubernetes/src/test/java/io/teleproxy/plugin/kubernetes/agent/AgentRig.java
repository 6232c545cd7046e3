package io.teleproxy.plugin.kubernetes.agent;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.teleproxy.agent.AgentServer;
import io.teleproxy.agent.wire.WindowBudget;
import io.teleproxy.plugin.kubernetes.portforward.Carrier;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A real agent on loopback, and a connection to it without a port-forward in between. */
final class AgentRig implements AutoCloseable {
  private final MultiThreadIoEventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  final EventLoop loop = loops.next();
  final AgentServer agent = AgentServer.start(0, Duration.ofMinutes(1));
  final CompletableFuture<AgentLink> ready = new CompletableFuture<>();
  private final Channel channel;

  AgentRig() {
    AgentLink link =
        new AgentLink(
            new WindowBudget(64 << 20),
            false,
            new AgentLink.Owner() {
              @Override
              public void ready(AgentLink answered) {
                ready.complete(answered);
              }

              @Override
              public void recovered(AgentLink same) {}

              @Override
              public void leaving(AgentLink same) {}

              @Override
              public void closed(AgentLink same) {}
            });
    channel =
        new Bootstrap()
            .group(loop)
            .channel(NioSocketChannel.class)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel opened) {
                    opened.pipeline().addLast(link);
                  }
                })
            .connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), agent.port()))
            .syncUninterruptibly()
            .channel();
  }

  /** Opens a stream, and does the rest of the work on the event loop with it. */
  <T> T onLoop(Callable<T> work) throws Exception {
    return loop.submit(work).get(20, TimeUnit.SECONDS);
  }

  Carrier open(InetSocketAddress to, AgentStream.Hearer events) throws Exception {
    AgentLink link = ready.get(20, TimeUnit.SECONDS);
    return onLoop(
        () -> {
          Carrier opened = link.open(to, 0, events);
          if (opened == null) {
            throw new AssertionError("no more streams");
          }
          return opened;
        });
  }

  /** Cuts the connection between them. */
  void cut() {
    channel.close().syncUninterruptibly();
  }

  @Override
  public void close() {
    cut();
    agent.close();
    var unused = loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}
