package io.teleproxy.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.EventLoopGroup;
import io.teleproxy.net.Transport;
import io.teleproxy.socks.LoopbackTunnel;
import io.teleproxy.socks.SocksServer;
import io.teleproxy.testkit.TestServer;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class UdpTargetsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final EventLoopGroup loops = Transport.group("targets", 1);
  private final LoopbackTunnel tunnel = new LoopbackTunnel();
  private final SocksServer socks = SocksServer.start(loops, tunnel, 0);
  private final AtomicInteger changes = new AtomicInteger();
  private final UdpTargets targets =
      new UdpTargets(loops, port -> port == socks.port(), changes::incrementAndGet);

  @AfterEach
  void stop() {
    targets.close();
    socks.close();
    tunnel.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  @Test
  void knowsWhatAProxyOfThisMachineCarries() throws Exception {
    socks.carriesDatagrams(true);
    int nobody = TestServer.refusedPort();
    targets.want(Set.of(socks.port(), nobody));
    await().atMost(PATIENCE).until(() -> targets.carries(socks.port()));
    assertThat(targets.carries(nobody)).isFalse();
    assertThat(targets.without()).containsOnlyKeys(nobody);
  }

  @Test
  void followsATunnelThatComesAndGoes() {
    targets.want(Set.of(socks.port()));
    await()
        .atMost(PATIENCE)
        .until(() -> targets.without().get(socks.port()).contains("command not supported"));
    socks.carriesDatagrams(true);
    targets.retry();
    await().atMost(PATIENCE).until(() -> targets.carries(socks.port()) && changes.get() == 1);
    socks.carriesDatagrams(false);
    await().atMost(PATIENCE).until(() -> !targets.carries(socks.port()) && changes.get() == 2);
    // And without being told, after a while.
    socks.carriesDatagrams(true);
    await().atMost(PATIENCE).until(() -> targets.carries(socks.port()) && changes.get() == 3);
  }

  @Test
  void hasTheAnswerOfAnExpectedProxyWhenItIsWanted() {
    socks.carriesDatagrams(true);
    targets.expect(Set.of(socks.port()));
    targets.want(Set.of(socks.port()));
    assertThat(targets.carries(socks.port())).isTrue();
    assertThat(socks.connections()).isEqualTo(1);
  }

  @Test
  void letsGoOfWhatIsNotWantedAnyMore() {
    socks.carriesDatagrams(true);
    targets.want(Set.of(socks.port()));
    await().atMost(PATIENCE).until(() -> socks.connections() == 1 && targets.carries(socks.port()));
    targets.want(Set.of());
    await().atMost(PATIENCE).until(() -> socks.connections() == 0);
    assertThat(targets.carries(socks.port())).isFalse();
  }
}
