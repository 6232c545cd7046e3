package io.teleproxy.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.teleproxy.net.LocalPeers;
import io.teleproxy.net.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Connections come faster than it can be found out whose they are. */
@Timeout(60)
class DoorkeeperTest {
  private static final int AT_ONCE = 4;
  private static final int CROWD = 200;

  private final EventLoopGroup loops = Transport.group("test", 1);
  private Channel listener;

  @BeforeEach
  void listen(@TempDir Path ours) throws IOException {
    long uid = ((Number) Files.getAttribute(ours, "unix:uid")).longValue();
    Doorkeeper doorkeeper =
        new Doorkeeper(
            AT_ONCE,
            LocalPeers.of(Set.of(uid)),
            List.of(),
            new Admitted(CROWD),
            channel -> channel.writeAndFlush(Unpooled.copiedBuffer(new byte[] {'+'})));
    InetAddress here = InetAddress.getLoopbackAddress();
    listener =
        new ServerBootstrap()
            .group(loops)
            .channelFactory(Transport.of(loops).server(here))
            .childOption(ChannelOption.AUTO_READ, false)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel child) {
                    child.pipeline().addLast(doorkeeper);
                  }
                })
            .bind(here, 0)
            .syncUninterruptibly()
            .channel();
  }

  @AfterEach
  void stop() {
    listener.close().syncUninterruptibly();
    loops.shutdownGracefully(0, 0, TimeUnit.SECONDS);
  }

  @Test
  void everybodyIsAskedForInTheEndAndNobodyIsReset() throws IOException {
    InetSocketAddress here = (InetSocketAddress) listener.localAddress();
    List<Socket> crowd = new ArrayList<>();
    try {
      for (int i = 0; i < CROWD; i++) {
        crowd.add(new Socket(here.getAddress(), here.getPort()));
      }
      for (Socket socket : crowd) {
        assertThat(socket.getInputStream().read()).isEqualTo('+');
      }
    } finally {
      for (Socket socket : crowd) {
        socket.close();
      }
    }
  }
}
