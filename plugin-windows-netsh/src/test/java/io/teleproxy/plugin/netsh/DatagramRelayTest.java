package io.teleproxy.plugin.netsh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Over real sockets; like Windows, Linux has all of 127.0.0.0/8 on loopback. */
class DatagramRelayTest {
  private static final InetAddress PLAIN = Arrivals.PLAIN;

  private DatagramRelay relay;
  private DatagramSocket server;
  private int free;

  @BeforeEach
  void open() throws IOException {
    relay = new DatagramRelay();
    server = new DatagramSocket(0, PLAIN);
    Thread echo = new Thread(this::echo, "echo");
    echo.setDaemon(true);
    echo.start();
    try (DatagramSocket some = new DatagramSocket(0, InetAddress.getByName("127.84.9.1"))) {
      free = some.getLocalPort();
    }
  }

  @AfterEach
  void close() {
    relay.close();
    server.close();
  }

  private void echo() {
    byte[] buffer = new byte[65_535];
    while (!server.isClosed()) {
      try {
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        server.receive(packet);
        server.send(packet);
      } catch (IOException e) {
        return;
      }
    }
  }

  private InetSocketAddress door() {
    return new InetSocketAddress("127.84.9.1", free);
  }

  @Test
  void answersComeFromTheAddressThatWasAskedToWhomAsked() throws IOException {
    relay.set(Map.of(door(), server.getLocalPort()));
    try (DatagramSocket one = client();
        DatagramSocket other = client()) {
      send(one, "one");
      send(other, "other");
      assertThat(receive(one)).isEqualTo("one");
      assertThat(receive(other)).isEqualTo("other");
      send(one, "x".repeat(60_000));
      assertThat(receive(one)).hasSize(60_000);
    }
  }

  @Test
  void followsWhatItIsToldAndClosesItsDoors() throws IOException {
    relay.set(Map.of(door(), server.getLocalPort()));
    try (DatagramSocket second = new DatagramSocket(0, PLAIN);
        DatagramSocket client = client()) {
      send(client, "first");
      assertThat(receive(client)).isEqualTo("first");

      relay.set(Map.of(door(), second.getLocalPort()));
      DatagramPacket packet = new DatagramPacket(new byte[100], 100);
      second.setSoTimeout(30_000);
      send(client, "second");
      second.receive(packet);
      assertThat(text(packet)).isEqualTo("second");

      relay.set(Map.of());
      relay.close();
      try (DatagramSocket mine = new DatagramSocket(door())) {
        assertThat(mine.isBound()).isTrue();
      }
    }
  }

  @Test
  void namesTheAddressThatIsTaken() throws IOException {
    try (DatagramSocket taken = new DatagramSocket(door())) {
      assertThatThrownBy(() -> relay.set(Map.of(door(), server.getLocalPort())))
          .hasMessageContaining("127.84.9.1")
          .hasMessageContaining("in use");
      assertThat(taken.isBound()).isTrue();
    }
  }

  private DatagramSocket client() throws IOException {
    DatagramSocket client = new DatagramSocket(0, PLAIN);
    client.connect(door());
    client.setSoTimeout(30_000);
    return client;
  }

  private static void send(DatagramSocket client, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    client.send(new DatagramPacket(bytes, bytes.length));
  }

  private static String receive(DatagramSocket client) throws IOException {
    DatagramPacket packet = new DatagramPacket(new byte[65_535], 65_535);
    try {
      client.receive(packet);
    } catch (SocketTimeoutException e) {
      throw new AssertionError("no answer", e);
    }
    return text(packet);
  }

  private static String text(DatagramPacket packet) {
    return new String(packet.getData(), 0, packet.getLength(), StandardCharsets.US_ASCII);
  }
}
