package io.teleproxy.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SocketOwnersTest {
  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "::1"})
  void knowsAProxyByItsOwnConnections(String address) throws Exception {
    assumeTrue(Files.exists(Path.of("/proc/net/tcp6")), "needs Linux with IPv6");
    InetAddress loopback = InetAddress.getByName(address);
    try (ServerSocket proxy = new ServerSocket(0, 5, loopback);
        ServerSocket destination = new ServerSocket(0, 5, loopback);
        Socket own = new Socket(loopback, destination.getLocalPort())) {
      SocketOwners owners = SocketOwners.now();
      InetSocketAddress client = (InetSocketAddress) own.getLocalSocketAddress();
      assertThat(owners.listensAndConnects(proxy.getLocalPort(), client)).isTrue();
      assertThat(owners.listensAndConnects(1, client)).isFalse();
    }
  }

  @Test
  void doesNotTakeAnotherProcessForTheProxy() throws Exception {
    assumeTrue(Files.exists(Path.of("/proc/net/tcp")), "needs Linux");
    InetAddress loopback = InetAddress.getByName("127.0.0.1");
    try (ServerSocket proxy = new ServerSocket(0, 5, loopback)) {
      int port = proxy.getLocalPort();
      Process other =
          new ProcessBuilder("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/" + port + "; read -r line")
              .start();
      try (Socket accepted = proxy.accept()) {
        InetSocketAddress client = (InetSocketAddress) accepted.getRemoteSocketAddress();
        assertThat(SocketOwners.now().listensAndConnects(port, client)).isFalse();
      } finally {
        other.destroy();
      }
    }
  }

  @Test
  void knowsNothingWithoutProc() {
    SocketOwners owners = SocketOwners.read(Path.of("/nowhere"));
    assertThat(owners.listensAndConnects(80, new InetSocketAddress(1234))).isFalse();
  }
}
