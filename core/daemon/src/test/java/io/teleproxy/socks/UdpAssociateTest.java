package io.teleproxy.socks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.channel.EventLoopGroup;
import io.teleproxy.net.Transport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** UDP ASSOCIATE by a client written out by hand. */
@Timeout(60)
class UdpAssociateTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final int PATIENCE_MILLIS = 30_000;

  private final EventLoopGroup loops = Transport.group("socks", 1);
  private final LoopbackTunnel tunnel = new LoopbackTunnel();
  private SocksServer socks;
  private EchoDatagrams echo;
  private Socket control;
  private DatagramSocket client;

  @BeforeEach
  void start() throws IOException {
    socks = SocksServer.start(loops, tunnel, 0);
    socks.carriesDatagrams(true);
    echo = new EchoDatagrams();
    control = new Socket(Loopback.IPV4, socks.port());
    control.setSoTimeout(PATIENCE_MILLIS);
    client = new DatagramSocket(0, Loopback.IPV4);
    client.setSoTimeout(PATIENCE_MILLIS);
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    control.close();
    echo.close();
    socks.close();
    tunnel.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  @Test
  void carriesDatagramsBothWaysWithTheirPeersAddress() throws Exception {
    int relay = associate(client.getLocalPort());
    send(relay, header(echo.port()), ascii("ping"));
    assertThat(receive()).isEqualTo(join(header(echo.port()), ascii("ping")));
    assertThat(tunnel.asked).containsExactly(new InetSocketAddress("10.1.2.3", echo.port()));
  }

  @Test
  void theRelayListensOnLoopbackOnly() throws Exception {
    byte[] reply = reply(client.getLocalPort());
    assertThat(Arrays.copyOf(reply, 8)).containsExactly(5, 0, 0, 1, 127, 0, 0, 1);
  }

  @Test
  void carriesTheLargestDatagramThatFits() throws Exception {
    int relay = associate(client.getLocalPort());
    byte[] large = new byte[65_507 - 10];
    new Random(1).nextBytes(large);
    send(relay, header(echo.port()), large);
    assertThat(receive()).isEqualTo(join(header(echo.port()), large));
  }

  @Test
  void hasAFlowPerDestinationAndPassesNamesOnUnresolved() throws Exception {
    try (EchoDatagrams other = new EchoDatagrams()) {
      int relay = associate(0);
      byte[] name = {0, 0, 0, 3, 3, 'd', 'n', 's', (byte) (other.port() >> 8), (byte) other.port()};
      send(relay, header(echo.port()), ascii("one"));
      assertThat(receive()).isEqualTo(join(header(echo.port()), ascii("one")));
      send(relay, name, ascii("two"));
      assertThat(receive()).isEqualTo(join(name, ascii("two")));
      assertThat(tunnel.asked)
          .containsExactly(
              new InetSocketAddress("10.1.2.3", echo.port()),
              InetSocketAddress.createUnresolved("dns", other.port()));
      assertThat(tunnel.openDatagrams).hasValue(2);
    }
  }

  @Test
  void dropsFragmentsAndMalformedHeaders() throws Exception {
    int relay = associate(client.getLocalPort());
    byte[] fragment = header(echo.port());
    fragment[2] = 1;
    byte[] reserved = header(echo.port());
    reserved[0] = 1;
    byte[] unknownType = header(echo.port());
    unknownType[3] = 9;
    byte[] noPort = header(0);
    send(relay, fragment, ascii("x"));
    send(relay, reserved, ascii("x"));
    send(relay, unknownType, ascii("x"));
    send(relay, noPort, ascii("x"));
    send(relay, new byte[0], new byte[0]);
    send(relay, new byte[] {0, 0, 0, 1, 10}, new byte[0]);
    send(relay, new byte[] {0, 0, 0, 3, (byte) 200, 'a'}, new byte[0]);
    Random random = new Random(7);
    for (int i = 0; i < 100; i++) {
      byte[] garbage = new byte[random.nextInt(300)];
      random.nextBytes(garbage);
      if (garbage.length > 0) {
        garbage[0] = 1; // never a valid header
      }
      send(relay, garbage, new byte[0]);
    }
    send(relay, header(echo.port()), ascii("good"));
    assertThat(receive()).endsWith(ascii("good"));
    assertThat(echo.received).hasValue(1);
  }

  @Test
  void servesTheClientThatAskedAndNoOther() throws Exception {
    int relay = associate(client.getLocalPort());
    try (DatagramSocket other = new DatagramSocket(0, Loopback.IPV4)) {
      byte[] datagram = join(header(echo.port()), ascii("mine?"));
      other.send(new DatagramPacket(datagram, datagram.length, Loopback.IPV4, relay));
      send(relay, header(echo.port()), ascii("mine"));
      assertThat(receive()).endsWith(ascii("mine"));
      assertThat(echo.received).hasValue(1);
      other.setSoTimeout(1);
      assertThatThrownBy(() -> other.receive(new DatagramPacket(new byte[10], 10)))
          .isInstanceOf(SocketTimeoutException.class);
    }
  }

  @Test
  void aClientThatDoesNotSayItsPortIsTheOneThatSendsFirst() throws Exception {
    int relay = associate(0);
    send(relay, header(echo.port()), ascii("first"));
    assertThat(receive()).endsWith(ascii("first"));
    try (DatagramSocket other = new DatagramSocket(0, Loopback.IPV4)) {
      byte[] datagram = join(header(echo.port()), ascii("second"));
      other.send(new DatagramPacket(datagram, datagram.length, Loopback.IPV4, relay));
    }
    send(relay, header(echo.port()), ascii("third"));
    assertThat(receive()).endsWith(ascii("third"));
    assertThat(echo.received).hasValue(2);
  }

  @Test
  void endsWithItsTcpConnection() throws Exception {
    int relay = associate(client.getLocalPort());
    send(relay, header(echo.port()), ascii("x"));
    receive();
    control.close();
    await()
        .atMost(PATIENCE)
        .until(() -> tunnel.openDatagrams.get() == 0 && socks.connections() == 0);
    client.connect(Loopback.IPV4, relay);
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThatThrownBy(
                        () -> {
                          client.send(new DatagramPacket(new byte[1], 1));
                          client.setSoTimeout(100);
                          client.receive(new DatagramPacket(new byte[1], 1));
                        })
                    .isInstanceOf(java.net.PortUnreachableException.class));
  }

  @Test
  void endsItsTcpConnectionWhenTheOnlyDestinationFails() throws Exception {
    int relay = associate(client.getLocalPort());
    send(relay, header(EchoDatagrams.refusedPort()), ascii("x"));
    assertThat(control.getInputStream().read()).isEqualTo(-1);
  }

  @Test
  void aFailingDestinationLeavesTheOthersAlone() throws Exception {
    int relay = associate(client.getLocalPort());
    send(relay, header(echo.port()), ascii("x"));
    receive();
    byte[] name = join(new byte[] {0, 0, 0, 3, 12}, ascii("REFUSED.test"), new byte[] {0, 9});
    send(relay, name, ascii("x"));
    await().atMost(PATIENCE).until(() -> tunnel.asked.size() == 2);
    send(relay, header(echo.port()), ascii("still there"));
    assertThat(receive()).endsWith(ascii("still there"));
  }

  @Test
  void refusesWhileTheTunnelCarriesNoDatagramsAndEndsWhatThereWas() throws Exception {
    associate(client.getLocalPort());
    socks.carriesDatagrams(false);
    assertThat(control.getInputStream().read()).isEqualTo(-1);
    try (Socket second = new Socket(Loopback.IPV4, socks.port())) {
      second.getOutputStream().write(join(SocksMessages.GREETING, associateRequest(0)));
      assertThat(SocksMessages.read(second, 12)[3]).isEqualTo((byte) 7);
      assertThat(second.getInputStream().read()).isEqualTo(-1);
    }
  }

  private int associate(int from) throws IOException {
    byte[] reply = reply(from);
    assertThat(reply[1]).isZero();
    return (reply[8] & 0xff) << 8 | reply[9] & 0xff;
  }

  private byte[] reply(int from) throws IOException {
    control.getOutputStream().write(join(SocksMessages.GREETING, associateRequest(from)));
    SocksMessages.read(control, 2);
    return SocksMessages.read(control, 10);
  }

  private static byte[] associateRequest(int from) {
    return new byte[] {5, 3, 0, 1, 0, 0, 0, 0, (byte) (from >> 8), (byte) from};
  }

  /** To 10.1.2.3, which the tunnel takes for this machine. */
  private static byte[] header(int port) {
    return new byte[] {0, 0, 0, 1, 10, 1, 2, 3, (byte) (port >> 8), (byte) port};
  }

  private void send(int relay, byte[] header, byte[] payload) throws IOException {
    byte[] datagram = join(header, payload);
    client.send(new DatagramPacket(datagram, datagram.length, Loopback.IPV4, relay));
  }

  private byte[] receive() throws IOException {
    DatagramPacket packet = new DatagramPacket(new byte[65_535], 65_535);
    client.receive(packet);
    return Arrays.copyOf(packet.getData(), packet.getLength());
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
