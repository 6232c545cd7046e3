package io.teleproxy.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import io.teleproxy.net.Transport;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemdNotifyTest {
  @Test
  void theServiceManagerReceivesTheState(@TempDir Path folder) throws Exception {
    assumeTrue(Epoll.isAvailable(), "unix datagrams need Linux");
    BlockingQueue<String> received = new LinkedBlockingQueue<>();
    EventLoopGroup loops = Transport.group("test", 1);
    Path socket = folder.resolve("notify");
    Channel manager =
        new Bootstrap()
            .group(loops)
            .channel(EpollDomainDatagramChannel.class)
            .handler(
                new SimpleChannelInboundHandler<DomainDatagramPacket>() {
                  @Override
                  protected void channelRead0(
                      ChannelHandlerContext context, DomainDatagramPacket packet) {
                    received.add(packet.content().toString(StandardCharsets.UTF_8));
                  }
                })
            .bind(new DomainSocketAddress(socket.toString()))
            .sync()
            .channel();
    SystemdNotify.send(loops, socket.toString(), "READY=1");
    assertThat(received.poll(5, TimeUnit.SECONDS)).isEqualTo("READY=1");
    SystemdNotify.send(loops, folder.resolve("nobody").toString(), "READY=1");
    SystemdNotify.send(loops, null, "READY=1");
    manager.close().sync();
    loops.shutdownGracefully(0, 0, TimeUnit.SECONDS);
  }
}
