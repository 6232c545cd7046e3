package io.teleproxy.socks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.EventLoopGroup;
import io.teleproxy.net.Transport;
import io.teleproxy.spi.Tunnel.DialFailure.Kind;
import io.teleproxy.spi.UserException;
import io.teleproxy.testkit.TestServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class SocksServerTest {
  private static EventLoopGroup loops;
  private static LoopbackTunnel tunnel;
  private static SocksServer socks;

  @BeforeAll
  static void start() {
    loops = Transport.group("socks", 1);
    tunnel = new LoopbackTunnel();
    socks = SocksServer.start(loops, tunnel, 0);
  }

  @AfterAll
  static void stop() {
    socks.close();
    tunnel.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  @Test
  void takesGreetingRequestAndFirstBytesInOneSegment() throws Exception {
    try (TestServer server = TestServer.echo();
        Socket client = client()) {
      send(client, SocksMessages.GREETING, SocksMessages.connect(server.port()), ascii("early"));
      assertThat(SocksMessages.read(client, 2)).containsExactly(5, 0);
      assertThat(SocksMessages.read(client, 10)).startsWith(5, 0, 0, 1);
      send(client, ascii(" and late"));
      client.shutdownOutput();
      assertThat(client.getInputStream().readAllBytes()).isEqualTo(ascii("early and late"));
    }
  }

  @Test
  void takesGreetingAndRequestByteByByte() throws Exception {
    try (TestServer server = TestServer.echo();
        Socket client = client()) {
      for (byte b : SocksMessages.GREETING) {
        send(client, new byte[] {b});
      }
      for (byte b : SocksMessages.connect(server.port())) {
        send(client, new byte[] {b});
      }
      send(client, ascii("x"));
      assertThat(SocksMessages.read(client, 13)).endsWith('x');
    }
  }

  @Test
  void earlyDataLargerThanAllBuffersArrivesInOrder() throws Exception {
    byte[] early = new byte[5_000_000];
    new Random(5).nextBytes(early);
    try (TestServer server =
            new TestServer(
                socket -> socket.getOutputStream().write(socket.getInputStream().readAllBytes()));
        Socket client = client()) {
      send(client, SocksMessages.GREETING, SocksMessages.connect(server.port()), early);
      client.shutdownOutput();
      SocksMessages.read(client, 12);
      assertThat(client.getInputStream().readAllBytes()).isEqualTo(early);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "GENERAL,1",
    "NOT_ALLOWED,2",
    "NETWORK_UNREACHABLE,3",
    "HOST_UNREACHABLE,4",
    "NAME_NOT_FOUND,4",
    "REFUSED,5",
    "TIMED_OUT,6"
  })
  void aFailedDialIsAnsweredWithItsReplyAndAClose(Kind kind, int reply) throws Exception {
    try (Socket client = client()) {
      send(client, SocksMessages.GREETING, domain(kind + ".test", 80), new byte[100_000]);
      assertThat(SocksMessages.read(client, 2)).containsExactly(5, 0);
      assertThat(SocksMessages.read(client, 10)[1]).isEqualTo((byte) reply);
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void aRefusedConnectionIsAnsweredSo() throws Exception {
    try (Socket client = client()) {
      send(client, SocksMessages.GREETING, SocksMessages.connect(TestServer.refusedPort()));
      assertThat(SocksMessages.read(client, 12)[3]).isEqualTo((byte) 5);
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void passesNamesOnUnresolvedAndLiteralsAsAddresses() throws Exception {
    try (TestServer server = TestServer.echo()) {
      for (String host : new String[] {"web.default.svc", "10.9.8.7", "fd00::7"}) {
        try (Socket client = client()) {
          send(client, SocksMessages.GREETING, domain(host, server.port()));
          assertThat(SocksMessages.read(client, 12)[3]).isZero();
        }
      }
      try (Socket client = client()) {
        byte[] ipv6 = {5, 1, 0, 4, (byte) 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0};
        ipv6[20] = (byte) (server.port() >> 8);
        ipv6[21] = (byte) server.port();
        send(client, SocksMessages.GREETING, ipv6);
        assertThat(SocksMessages.read(client, 12)[3]).isZero();
      }
      assertThat(tunnel.asked)
          .contains(
              InetSocketAddress.createUnresolved("web.default.svc", server.port()),
              new InetSocketAddress("10.9.8.7", server.port()),
              new InetSocketAddress("fd00::7", server.port()),
              new InetSocketAddress("fd00::9", server.port()));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 9})
  void otherCommandsAreNotSupported(int command) throws Exception {
    byte[] request = SocksMessages.connect(80);
    request[1] = (byte) command;
    try (Socket client = client()) {
      send(client, SocksMessages.GREETING, request);
      assertThat(SocksMessages.read(client, 12)[3]).isEqualTo((byte) 7);
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void anUnknownAddressTypeIsNotSupported() throws Exception {
    byte[] request = SocksMessages.connect(80);
    request[3] = 9;
    try (Socket client = client()) {
      send(client, SocksMessages.GREETING, request);
      assertThat(SocksMessages.read(client, 12)[3]).isEqualTo((byte) 8);
    }
  }

  @Test
  void aClientThatInsistsOnAuthenticationIsToldThereIsNone() throws Exception {
    try (Socket client = client()) {
      send(client, new byte[] {5, 2, 1, 2});
      assertThat(SocksMessages.read(client, 2)).containsExactly(5, 0xff);
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void aClientThatLeavesWhileDiallingIsForgotten() throws Exception {
    try (Socket client = client()) {
      send(client, SocksMessages.GREETING, domain("never.test", 80), ascii("hello"));
      SocksMessages.read(client, 2);
      client.setSoLinger(true, 0);
    }
    org.awaitility.Awaitility.await().until(() -> socks.connections() == 0);
  }

  @Test
  void garbageHarmsNobody() throws Exception {
    Random random = new Random(6);
    for (int i = 0; i < 300; i++) {
      byte[] garbage = new byte[1 + random.nextInt(700)];
      random.nextBytes(garbage);
      if (i % 2 == 0) {
        garbage[0] = 5;
      }
      if (i % 4 == 0 && garbage.length > 8) {
        System.arraycopy(new byte[] {5, 1, 0, 5, 1, 0}, 0, garbage, 0, 6);
      }
      try (Socket client = client()) {
        send(client, garbage);
        client.shutdownOutput();
        client.getInputStream().readAllBytes();
      } catch (SocketException e) {
        // reset is a fair answer
      }
    }
    try (Socket client = client()) {
      send(client, ascii("GET / HTTP/1.1\r\n\r\n"));
      assertThatThrownBy(() -> SocksMessages.read(client, 1)).isInstanceOf(IOException.class);
    }
    takesGreetingRequestAndFirstBytesInOneSegment();
  }

  @Test
  void aBusyPortIsTheUsersToMend() {
    assertThatThrownBy(() -> SocksServer.start(loops, tunnel, socks.port()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("127.0.0.1:" + socks.port());
  }

  private static Socket client() throws IOException {
    Socket socket = new Socket(Loopback.IPV4, socks.port());
    socket.setTcpNoDelay(true);
    return socket;
  }

  private static void send(Socket socket, byte[]... parts) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.write(part);
    }
    socket.getOutputStream().write(all.toByteArray());
  }

  private static byte[] domain(String host, int port) throws IOException {
    ByteArrayOutputStream request = new ByteArrayOutputStream();
    request.write(new byte[] {5, 1, 0, 3, (byte) host.length()});
    request.write(ascii(host));
    request.write(new byte[] {(byte) (port >> 8), (byte) port});
    return request.toByteArray();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
