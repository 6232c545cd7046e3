package io.teleproxy.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class LocalPeersTest {
  private final EventLoopGroup listening = Transport.group("listening", 1);
  private final EventLoopGroup serving = Transport.group("serving", 1);
  private final BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();

  @AfterEach
  void end() {
    end(listening);
    end(serving);
  }

  /** As when a run ends while somebody is being looked up. */
  @Test
  void whoCannotBeAnsweredAnyMoreHoldsUpNoOther() throws Exception {
    InetAddress loopback = InetAddress.getByName("127.0.0.1");
    Channel listener =
        new ServerBootstrap()
            .group(listening, serving)
            .channelFactory(Transport.of(listening).server(loopback))
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accepted.add(channel);
                  }
                })
            .bind(loopback, 0)
            .sync()
            .channel();
    LocalPeers peers = LocalPeers.of(Set.of());
    int port = ((InetSocketAddress) listener.localAddress()).getPort();
    try (Socket first = new Socket(loopback, port)) {
      Channel gone = accepted.take();
      CompletableFuture<Optional<String>> known = new CompletableFuture<>();
      peers.check(gone, List.of(), known::complete);
      assertThat(known.get(10, TimeUnit.SECONDS))
          .as("%s is root's or another's", first)
          .isNotNull();

      end(serving);
      Set<Thread> died = ConcurrentHashMap.newKeySet();
      Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
      Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> died.add(thread));
      try {
        peers.check(gone, List.of(), known::complete);
        await()
            .until(
                () ->
                    Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(thread -> thread.getName().equals("peers")));
        assertThat(died).isEmpty();
      } finally {
        Thread.setDefaultUncaughtExceptionHandler(before);
      }
    }
  }

  private static void end(EventLoopGroup loops) {
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
