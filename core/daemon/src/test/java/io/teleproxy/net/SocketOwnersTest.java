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
import org.junit.jupiter.api.io.TempDir;
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

  /** As those of a busy proxy are, all the time. */
  @Test
  void aDescriptorThatIsClosedMeanwhileHidesNoOther(@TempDir Path proc) throws Exception {
    Path net = Files.createDirectories(proc.resolve("net"));
    String head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid";
    Files.writeString(
        net.resolve("tcp"),
        head
            + "\n   0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 71"
            + "\n   1: 0100007F:9C40 0100007F:1F90 01 00000000:00000000 00:00000000 00000000 0 0 72"
            + "\n");
    Path descriptors = Files.createDirectories(proc.resolve("7/fd"));
    Files.createSymbolicLink(descriptors.resolve("3"), Path.of("socket:[71]"));
    Files.createSymbolicLink(descriptors.resolve("4"), Path.of("socket:[72]"));
    for (int gone = 5; gone < 15; gone++) {
      // As readlink(2) fails of one that is closed.
      Files.createFile(descriptors.resolve(String.valueOf(gone)));
    }
    InetSocketAddress client = new InetSocketAddress("127.0.0.1", 40_000);
    assertThat(SocketOwners.read(proc).listensAndConnects(80, client)).isTrue();
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
