package io.teleproxy.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class LocalProcessesTest {
  private static final long SELF = ProcessHandle.current().pid();

  @Test
  void namesTheProcessThatHasAConnection() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket client = new Socket(server.getInetAddress(), server.getLocalPort())) {
      InetSocketAddress end = (InetSocketAddress) client.getLocalSocketAddress();
      var found = LocalProcesses.find("tcp", Set.of(end));
      assertThat(found.get(end).pid()).isEqualTo(SELF);
      assertThat(found.get(end).name()).isEqualTo("java");
    }
  }

  @Test
  void findsASocketThatIsBoundToNoAddress() throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      InetSocketAddress end =
          new InetSocketAddress(InetAddress.getLoopbackAddress(), socket.getLocalPort());
      assertThat(LocalProcesses.find("udp", Set.of(end)).get(end).pid()).isEqualTo(SELF);
    }
  }

  @Test
  void whoIsNotThereIsMissing() {
    assertThat(LocalProcesses.find("tcp", Set.of(new InetSocketAddress("192.0.2.1", 1)))).isEmpty();
  }
}
