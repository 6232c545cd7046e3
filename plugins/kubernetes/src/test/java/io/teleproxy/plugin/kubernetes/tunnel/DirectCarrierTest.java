package io.teleproxy.plugin.kubernetes.tunnel;

import static io.teleproxy.plugin.kubernetes.tunnel.TunnelBench.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget;
import io.teleproxy.spi.Tunnel.Connection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The way to the API server itself: plain TCP, whose bytes are the client's business. */
final class DirectCarrierTest {
  private final RecordingListener listener = new RecordingListener();
  @TempDir Path folder;
  private ServerSocket server;
  private TunnelBench tunnel;

  @BeforeEach
  void open() throws Exception {
    server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    tunnel =
        new TunnelBench(
            folder, "http://127.0.0.1:" + server.getLocalPort(), "", "{token: secret}", Map.of());
    // The tunnel asks for the version first.
    server.accept().close();
    tunnel.cluster.publish(to -> new ClusterTarget.ApiServer());
  }

  @AfterEach
  void close() throws Exception {
    tunnel.close();
    server.close();
  }

  private Socket accept(String firstBytes) throws Exception {
    while (true) {
      Socket socket = server.accept();
      socket.setSoTimeout(5000);
      String got =
          new String(
              socket.getInputStream().readNBytes(firstBytes.length()), StandardCharsets.UTF_8);
      if (got.equals(firstBytes)) {
        return socket;
      }
      socket.close();
    }
  }

  @Test
  void halfClosesPassInBothDirections() throws Exception {
    Connection connection = tunnel.dial("kubernetes", 443, listener);
    connection.write(bytes("client-hello"));
    connection.shutdownOutput();
    try (Socket socket = accept("client-hello")) {
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
      socket.getOutputStream().write("late answer".getBytes(StandardCharsets.UTF_8));
      socket.shutdownOutput();
      assertThat(listener.next()).isEqualTo("opened");
      assertThat(listener.next()).isEqualTo("received late answer");
      assertThat(listener.next()).isEqualTo("inputShutdown");
    }
  }

  @Test
  void resetsPassInBothDirections() throws Exception {
    tunnel.dial("kubernetes", 443, listener).write(bytes("first"));
    Socket socket = accept("first");
    assertThat(listener.next()).isEqualTo("opened");
    socket.setSoLinger(true, 0);
    socket.close();
    assertThat(listener.next()).startsWith("reset the connection to the API server");

    Connection second = tunnel.dial("kubernetes", 443, new RecordingListener());
    second.write(bytes("second"));
    try (Socket other = accept("second")) {
      second.reset();
      assertThatThrownBy(() -> other.getInputStream().read()).isInstanceOf(SocketException.class);
    }
  }
}
