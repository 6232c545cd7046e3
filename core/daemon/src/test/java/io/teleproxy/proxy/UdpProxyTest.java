package io.teleproxy.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.teleproxy.net.Transport;
import io.teleproxy.socks.EchoDatagrams;
import io.teleproxy.socks.Loopback;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.tables.AskedNames;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Datagrams sent to a destination's local port, as the firewall would. */
@Timeout(60)
class UdpProxyTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private ProxyFixture fixture;
  private EchoDatagrams echo;

  @BeforeEach
  void start() throws IOException {
    open(true);
    echo = new EchoDatagrams();
  }

  private void open(boolean pipelined) {
    fixture = new ProxyFixture(Transport.group("proxy", 2), pipelined);
    fixture.socks.carriesDatagrams(true);
    divertTo(fixture.socks.port());
  }

  private void divertTo(int target) {
    fixture.tables.put(
        new Table(
            "udp",
            List.of(
                Route.divert(
                    "",
                    Protocol.UDP,
                    Prefix.of(ProxyFixture.CLUSTER_ADDRESS),
                    Ports.ALL,
                    target))));
  }

  @AfterEach
  void stop() {
    echo.close();
    fixture.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void carriesDatagramsBothWays(boolean pipelined) throws Exception {
    fixture.close();
    open(pipelined);
    try (DatagramSocket client = client(port(echo.port()))) {
      for (int i = 0; i < 50; i++) {
        assertThat(ask(client, "datagram " + i)).isEqualTo("datagram " + i);
      }
    }
    assertThat(fixture.tunnel.asked)
        .containsExactly(new InetSocketAddress(ProxyFixture.CLUSTER_ADDRESS, echo.port()));
  }

  @Test
  void carriesLargeDatagramsWhole() throws Exception {
    byte[] large = new byte[60_000];
    new Random(3).nextBytes(large);
    try (DatagramSocket client = client(port(echo.port()))) {
      client.send(new DatagramPacket(large, large.length));
      DatagramPacket answer = new DatagramPacket(new byte[65_535], 65_535);
      client.receive(answer);
      assertThat(answer.getLength()).isEqualTo(large.length);
      assertThat(answer.getData()).startsWith(large);
    }
  }

  @Test
  void eachClientAndDestinationIsAFlowOfItsOwn() throws Exception {
    try (EchoDatagrams other = new EchoDatagrams();
        DatagramSocket one = client(port(echo.port()));
        DatagramSocket two = client(port(echo.port()));
        DatagramSocket three = client(port(other.port()))) {
      assertThat(ask(one, "one")).isEqualTo("one");
      assertThat(ask(two, "two")).isEqualTo("two");
      assertThat(ask(three, "three")).isEqualTo("three");
      assertThat(fixture.proxy.flows())
          .hasSize(3)
          .allMatch(flow -> flow.protocol() == Protocol.UDP && flow.state() == Flow.State.OPEN)
          .extracting(flow -> flow.destination().getPort())
          .containsExactlyInAnyOrder(echo.port(), echo.port(), other.port());
      assertThat(fixture.proxy.counters())
          .returns(3L, Counters::accepted)
          .returns(3L, Counters::live)
          .returns(11L, Counters::bytesUp)
          .returns(11L, Counters::bytesDown);
    }
  }

  @Test
  void servesIpv6() throws Exception {
    InetAddress destination = Prefix.parseAddress("fd00::1:2");
    Ports ports = Ports.of(echo.port());
    fixture.tables.put(
        new Table(
            "six",
            List.of(
                Route.divert(
                    "", Protocol.UDP, Prefix.of(destination), ports, fixture.socks.port()))));
    int port =
        fixture.proxy.udp().port(new InetSocketAddress(destination, echo.port())).orElseThrow();
    try (DatagramSocket client = new DatagramSocket(0, Loopback.IPV6)) {
      client.connect(Loopback.IPV6, port);
      client.setSoTimeout(30_000);
      assertThat(ask(client, "six")).isEqualTo("six");
    }
  }

  @Test
  void aDestinationKeepsItsPortAndIsRefusedWhenItIsNoLongerWanted() throws Exception {
    int port = port(echo.port());
    assertThat(port(echo.port())).isEqualTo(port);
    try (DatagramSocket client = client(port)) {
      assertThat(ask(client, "x")).isEqualTo("x");
      fixture.proxy.udp().retain(Set.of());
      await().atMost(PATIENCE).until(() -> fixture.proxy.flows().isEmpty() && isRefused(client));
      assertThat(fixture.proxy.ended().get(0).reason()).isEqualTo("no longer intercepted");
    }
    await().atMost(PATIENCE).until(() -> fixture.tunnel.openDatagrams.get() == 0);
  }

  @Test
  void whatNoRouteCoversIsDropped() throws Exception {
    int port = port(echo.port());
    fixture.tables.remove("udp");
    try (DatagramSocket client = client(port)) {
      client.send(new DatagramPacket(new byte[1], 1));
      await().atMost(PATIENCE).until(() -> fixture.proxy.counters().dropped() == 1);
    }
    assertThat(echo.received).hasValue(0);
  }

  @Test
  void aDestinationThatFailsEndsTheFlowWithAReason() throws Exception {
    int refused = EchoDatagrams.refusedPort();
    try (DatagramSocket client = client(port(refused))) {
      client.send(new DatagramPacket(new byte[1], 1));
      await().atMost(PATIENCE).until(() -> !fixture.proxy.ended().isEmpty());
      // A flood goes into one flow, not into a new attempt for each datagram.
      for (int i = 0; i < 20; i++) {
        client.send(new DatagramPacket(new byte[1], 1));
      }
    }
    try (DatagramSocket client = client(port(echo.port()))) {
      assertThat(ask(client, "others go on")).isEqualTo("others go on");
    }
    assertThat(fixture.proxy.counters().accepted()).isBetween(2L, 10L);
    assertThat(fixture.proxy.ended().get(0).reason()).contains("ended the association");
  }

  @Test
  void aTargetWithoutUdpFailsTheFlow() throws Exception {
    fixture.socks.carriesDatagrams(false);
    try (DatagramSocket client = client(port(echo.port()))) {
      client.send(new DatagramPacket(new byte[1], 1));
      await().atMost(PATIENCE).until(() -> fixture.proxy.counters().failed() == 1);
      assertThat(fixture.proxy.ended().get(0).reason()).contains("command not supported");
    }
  }

  @Test
  void theLeastRecentlyUsedFlowIsGivenBack() throws Exception {
    Flows flows = new Flows(new AskedNames());
    UdpProxy small =
        new UdpProxy(
            fixture.loops.next(),
            Transport.of(fixture.loops),
            fixture.tables::latest,
            port -> true,
            flows,
            2);
    int port = small.port(destination(echo.port())).orElseThrow();
    try (DatagramSocket one = client(port);
        DatagramSocket two = client(port);
        DatagramSocket three = client(port)) {
      assertThat(ask(one, "1")).isEqualTo("1");
      assertThat(ask(two, "2")).isEqualTo("2");
      assertThat(ask(one, "3")).isEqualTo("3");
      assertThat(ask(three, "4")).isEqualTo("4");
      assertThat(flows.live()).hasSize(2);
      assertThat(flows.ended())
          .singleElement()
          .returns(two.getLocalPort(), ended -> ended.flow().client().getPort());
      assertThat(ask(two, "again")).isEqualTo("again");
    }
    small.close();
  }

  private int port(int destination) {
    return fixture.proxy.udp().port(destination(destination)).orElseThrow();
  }

  private static InetSocketAddress destination(int port) {
    return new InetSocketAddress(ProxyFixture.CLUSTER_ADDRESS, port);
  }

  private static DatagramSocket client(int port) throws IOException {
    DatagramSocket socket = new DatagramSocket(0, Loopback.IPV4);
    socket.connect(Loopback.IPV4, port);
    socket.setSoTimeout(30_000);
    return socket;
  }

  private static String ask(DatagramSocket client, String question) throws IOException {
    byte[] bytes = question.getBytes(StandardCharsets.UTF_8);
    client.send(new DatagramPacket(bytes, bytes.length));
    DatagramPacket answer = new DatagramPacket(new byte[2000], 2000);
    client.receive(answer);
    return new String(answer.getData(), 0, answer.getLength(), StandardCharsets.UTF_8);
  }

  private static boolean isRefused(DatagramSocket client) throws IOException {
    try {
      client.setSoTimeout(100);
      client.send(new DatagramPacket(new byte[1], 1));
      client.receive(new DatagramPacket(new byte[1], 1));
      return false;
    } catch (PortUnreachableException e) {
      return true;
    } catch (java.net.SocketTimeoutException e) {
      return false;
    }
  }
}
