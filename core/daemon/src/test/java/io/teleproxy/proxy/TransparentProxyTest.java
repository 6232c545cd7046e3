package io.teleproxy.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.teleproxy.net.Transport;
import io.teleproxy.socks.Loopback;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.UserException;
import io.teleproxy.tables.AskedNames;
import io.teleproxy.testkit.TestServer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class TransparentProxyTest {
  private ProxyFixture fixture;

  @BeforeEach
  void start() {
    fixture = new ProxyFixture(Transport.group("proxy", 1), true);
  }

  @AfterEach
  void stop() {
    fixture.close();
  }

  @Test
  void asksTheTunnelForTheOriginalDestination() throws Exception {
    try (TestServer server = TestServer.echo();
        Socket client = fixture.connect(server.port())) {
      client.getOutputStream().write(1);
      assertThat(client.getInputStream().read()).isEqualTo(1);
      assertThat(fixture.tunnel.asked)
          .containsExactly(new InetSocketAddress(ProxyFixture.CLUSTER_ADDRESS, server.port()));
    }
  }

  @Test
  void acceptsIpv6() throws Exception {
    InetAddress destination = Prefix.parseAddress("fd00::1:2");
    fixture.tables.put(
        new Table(
            "six",
            List.of(
                Route.divert(
                    "", Protocol.TCP, Prefix.of(destination), Ports.ALL, fixture.socks.port()))));
    try (TestServer server = TestServer.echo();
        Socket client =
            fixture.connect(Loopback.IPV6, new InetSocketAddress(destination, server.port()))) {
      client.getOutputStream().write(1);
      assertThat(client.getInputStream().read()).isEqualTo(1);
      assertThat(fixture.tunnel.asked)
          .containsExactly(new InetSocketAddress(destination, server.port()));
    }
  }

  @Test
  void resetsWhatWasNotRedirected() throws Exception {
    try (Socket client = new Socket(Loopback.IPV4, fixture.proxy.port())) {
      assertReset(client);
    }
    assertThat(fixture.proxy.counters().dropped()).isEqualTo(1);
    assertThat(fixture.tunnel.asked).isEmpty();
  }

  @Test
  void resetsWhatWasMeantForTheListenerItself() throws Exception {
    InetSocketAddress ourselves = new InetSocketAddress(Loopback.IPV4, fixture.proxy.port());
    try (Socket client = fixture.connect(Loopback.IPV4, ourselves)) {
      assertReset(client);
    }
    assertThat(fixture.proxy.counters().dropped()).isEqualTo(1);
  }

  @Test
  void resetsWhatHasNoRoute() throws Exception {
    fixture.tables.remove("test");
    try (Socket client = fixture.connect(80)) {
      assertReset(client);
    }
    assertThat(fixture.proxy.counters().dropped()).isEqualTo(1);
  }

  @Test
  void resetsWhenTheInterceptorThrows() throws Exception {
    fixture.interceptor.failure = new IllegalStateException("broken plugin");
    try (Socket client = fixture.connect(80)) {
      assertReset(client);
    }
    fixture.interceptor.failure = null;
    asksTheTunnelForTheOriginalDestination();
  }

  @Test
  void resetsWhatARouteRejects() throws Exception {
    fixture.tables.put(
        new Table(
            "test",
            List.of(
                Route.reject(
                    "", Protocol.TCP, Prefix.of(ProxyFixture.CLUSTER_ADDRESS), Ports.ALL))));
    try (Socket client = fixture.connect(80)) {
      assertReset(client);
    }
    assertThat(fixture.proxy.counters().rejected()).isEqualTo(1);
  }

  @Test
  void resetsWhenTheFarEndRefuses() throws Exception {
    try (Socket client = fixture.connect(TestServer.refusedPort())) {
      assertReset(client);
    }
    await().until(() -> fixture.proxy.counters().failed() == 1);
    assertThat(fixture.proxy.ended())
        .singleElement()
        .satisfies(ended -> assertThat(ended.reason()).endsWith("connection refused"));
  }

  @Test
  void resetsWhenThereIsNoSocksProxy() throws Exception {
    fixture.divertTo(TestServer.refusedPort());
    try (Socket client = fixture.connect(80)) {
      assertReset(client);
    }
    await().until(() -> fixture.proxy.counters().failed() == 1);
    assertThat(fixture.proxy.counters().live()).isZero();
  }

  @Test
  void resetsWhenTheTargetDoesNotSpeakSocks() throws Exception {
    try (TestServer server =
        new TestServer(
            socket -> {
              socket.getOutputStream().write("220 smtp\r\n".getBytes());
              socket.getInputStream().readAllBytes();
            })) {
      fixture.divertTo(server.port());
      try (Socket client = fixture.connect(80)) {
        assertReset(client);
      }
    }
    await().until(() -> fixture.proxy.counters().failed() == 1);
  }

  @Test
  void sendsAForeignProxyNothingUnasked() throws Exception {
    BlockingQueue<Boolean> unasked = new LinkedBlockingQueue<>();
    try (TestServer foreign =
        new TestServer(
            socket -> {
              socket.getInputStream().readNBytes(3);
              unasked.add(readsMore(socket));
              socket.getOutputStream().write(new byte[] {5, 0});
              socket.getInputStream().readNBytes(10);
              unasked.add(readsMore(socket));
              socket.getOutputStream().write(new byte[] {5, 0, 0, 1, 0, 0, 0, 0, 0, 0});
              socket.getInputStream().transferTo(socket.getOutputStream());
            })) {
      fixture.divertTo(foreign.port());
      try (Socket client = fixture.connect(80)) {
        client.getOutputStream().write(9);
        client.shutdownOutput();
        assertThat(client.getInputStream().readAllBytes()).containsExactly(9);
      }
    }
    assertThat(unasked).containsExactly(false, false);
  }

  @Test
  void registersFlowsAndRemembersHowTheyEnded() throws Exception {
    fixture.asked.answered(new AskedNames.Asked(ProxyFixture.CLUSTER_ADDRESS, "web"));
    try (TestServer server = TestServer.echo()) {
      try (Socket client = fixture.connect(server.port())) {
        client.getOutputStream().write(new byte[1000]);
        client.getInputStream().readNBytes(1000);
        assertThat(fixture.proxy.flows())
            .singleElement()
            .satisfies(
                flow -> {
                  assertThat(flow.state()).isEqualTo(Flow.State.OPEN);
                  assertThat(flow.client().getPort()).isEqualTo(client.getLocalPort());
                  assertThat(flow.destination())
                      .isEqualTo(
                          new InetSocketAddress(ProxyFixture.CLUSTER_ADDRESS, server.port()));
                  assertThat(flow.name()).isEqualTo("web");
                  assertThat(flow.target()).isEqualTo(fixture.socks.port());
                  assertThat(flow.bytesUp()).isEqualTo(1000);
                  assertThat(flow.bytesDown()).isEqualTo(1000);
                });
      }
      fixture.asked.answered(new AskedNames.Asked(ProxyFixture.CLUSTER_ADDRESS, "web.shop"));
      try (Socket client = fixture.connect(server.port())) {
        client.getOutputStream().write(1);
        client.getInputStream().read();
        client.setSoLinger(true, 0);
      }
    }
    await().until(() -> fixture.proxy.counters().live() == 0);
    assertThat(fixture.proxy.ended())
        .extracting(Flow.Ended::reason)
        .containsExactlyInAnyOrder("closed", "client: reset by peer");
    assertThat(fixture.proxy.ended())
        .extracting(ended -> ended.flow().name())
        .containsExactlyInAnyOrder("web", "web.shop");
    Counters counters = fixture.proxy.counters();
    assertThat(counters.accepted()).isEqualTo(2);
    assertThat(counters.closed()).isEqualTo(1);
    assertThat(counters.reset()).isEqualTo(1);
    assertThat(counters.bytesUp()).isEqualTo(1001);
  }

  @Test
  void aClientThatResetsIsNoticedThoughNothingIsReadOrWritten() throws Exception {
    try (TestServer silent =
        new TestServer(
            socket -> {
              socket.getInputStream().read();
              Thread.sleep(Long.MAX_VALUE);
            })) {
      Socket halfClosed = fixture.connect(silent.port());
      halfClosed.getOutputStream().write(1);
      halfClosed.shutdownOutput();
      await().until(() -> fixture.proxy.counters().bytesUp() == 1);
      halfClosed.setSoLinger(true, 0);
      halfClosed.close();
      await().until(() -> fixture.proxy.counters().live() == 0);
    }
    assertThat(fixture.proxy.counters().reset()).isEqualTo(1);
  }

  @Test
  void listensOnFurtherAddressesAsToldAndNeverOnTheWildcard() throws Exception {
    InetAddress bridge = Prefix.parseAddress("127.9.9.9");
    InetSocketAddress there = new InetSocketAddress(bridge, fixture.proxy.port());
    assertThatThrownBy(() -> new Socket(bridge, there.getPort()))
        .isInstanceOf(ConnectException.class);
    assertThatThrownBy(
            () -> fixture.proxy.listen(List.of(Prefix.parseAddress("0.0.0.0")), List.of()))
        .isInstanceOf(IllegalArgumentException.class);
    fixture.proxy.listen(List.of(), List.of(bridge));
    fixture.proxy.listen(List.of(bridge, Prefix.parseAddress("192.0.2.1")), List.of());
    try (Socket client = new Socket(bridge, there.getPort())) {
      assertReset(client);
    }
    fixture.proxy.listen(List.of(), List.of());
    assertThatThrownBy(() -> new Socket(bridge, there.getPort()))
        .isInstanceOf(ConnectException.class);
  }

  @Test
  void closingResetsWhatIsStillConnected() throws Exception {
    try (TestServer server = TestServer.echo();
        Socket client = fixture.connect(server.port())) {
      client.getOutputStream().write(1);
      client.getInputStream().read();
      fixture.proxy.close();
      assertReset(client);
      assertThatThrownBy(() -> new Socket(Loopback.IPV4, fixture.proxy.port()))
          .isInstanceOf(ConnectException.class);
    }
  }

  @Test
  void aBusyPortIsTheUsersToMend() throws IOException {
    try (ServerSocket busy = new ServerSocket(0, 1, Loopback.IPV4)) {
      assertThatThrownBy(
              () ->
                  TransparentProxy.start(
                      fixture.loops,
                      fixture.interceptor,
                      fixture.tables::latest,
                      port -> false,
                      new AskedNames(),
                      busy.getLocalPort()))
          .isInstanceOf(UserException.class)
          .hasMessageContaining(Integer.toString(busy.getLocalPort()));
    }
  }

  private static boolean readsMore(Socket socket) throws IOException {
    socket.setSoTimeout(100);
    try {
      return socket.getInputStream().read() >= 0;
    } catch (SocketTimeoutException e) {
      return false;
    } finally {
      socket.setSoTimeout(0);
    }
  }

  private static void assertReset(Socket socket) throws IOException {
    socket.setSoTimeout(10_000);
    assertThatThrownBy(() -> socket.getInputStream().read())
        .isInstanceOf(SocketException.class)
        .hasMessage("Connection reset");
  }

  @Test
  void aForeignProxyThatComesBackToUsIsCut() throws Exception {
    List<Socket> clients = new ArrayList<>();
    try (ProxyFixture looping =
            new ProxyFixture(Transport.group("looping", 1), true, new LoopGuard());
        ServerSocket silent = new ServerSocket(0, 1024, Loopback.IPV4)) {
      looping.divertTo(silent.getLocalPort());
      // This process listens on the target, and the clients are its own.
      for (int i = 0; i < 300; i++) {
        clients.add(looping.connect(80));
      }
      await().until(() -> looping.proxy.counters().rejected() == 44);
      assertThat(looping.proxy.flows()).hasSize(256);
      try (TestServer server = TestServer.echo()) {
        looping.divertTo(looping.socks.port());
        clients.add(looping.connect(server.port()));
        Socket other = clients.get(300);
        other.getOutputStream().write(1);
        assertThat(other.getInputStream().read()).isEqualTo(1);
      }
    } finally {
      for (Socket client : clients) {
        client.close();
      }
    }
  }

  @Test
  void manyClientsMayWaitForADestinationThatIsSlowToAnswer() throws Exception {
    List<Socket> clients = new ArrayList<>();
    try (ServerSocket silent = new ServerSocket(0, 1024, Loopback.IPV4)) {
      fixture.divertTo(silent.getLocalPort());
      for (int i = 0; i < 600; i++) {
        clients.add(fixture.connect(80));
      }
      await().until(() -> fixture.proxy.flows().size() == 600);
      assertThat(fixture.proxy.counters().rejected()).isZero();
    } finally {
      for (Socket client : clients) {
        client.close();
      }
    }
  }
}
