package io.teleproxy.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SocketDiagTest {
  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "::1"})
  void theKernelKnowsWhoseAConnectionIsAndWhenItIsNobodys(String address) throws Exception {
    assumeTrue(Files.exists(Path.of("/proc/net/tcp6")), "needs Linux with IPv6");
    InetAddress loopback = InetAddress.getByName(address);
    long uid = ((Number) Files.getAttribute(Path.of("/proc/self"), "unix:uid")).longValue();
    SocketDiag diag = new SocketDiag();
    try (ServerSocket server = new ServerSocket(0, 5, loopback);
        Socket client = new Socket(loopback, server.getLocalPort());
        Socket accepted = server.accept()) {
      InetSocketAddress peer = (InetSocketAddress) accepted.getRemoteSocketAddress();
      InetSocketAddress here = (InetSocketAddress) accepted.getLocalSocketAddress();
      assertThat(diag.uid(peer, here)).hasValue(uid);
      // A listener is asked for, too, by who asks for nobody.
      assertThat(diag.uid(here, new InetSocketAddress(loopback, 9))).isEmpty();

      client.close();
      assertThat(diag.uid(peer, here)).isEmpty();
    }
  }
}
