package io.teleproxy.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PeerUidsTest {
  private static final InetSocketAddress PEER = new InetSocketAddress("127.0.0.1", 0x9C40);
  private static final InetSocketAddress US = new InetSocketAddress("127.0.0.1", 80);
  private static final String HEAD = "  sl  local_address rem_address   st tx_queue ...\n";

  @TempDir Path proc;

  @BeforeEach
  void littleEndian() {
    assumeTrue(ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN, "the samples are little-endian");
  }

  @Test
  void findsTheSocketThatIsConnectedToUs() throws Exception {
    tcp("0100007F:9C40 0200007F:0050 01", 1001, 7);
    assertThat(ask(US)).isEmpty();
    tcp("0100007F:9C40 0100007F:0050 01", 1001, 7);
    assertThat(ask(US)).hasValue(1001);
  }

  @Test
  void findsTheSocketThatWasDivertedToUs() throws Exception {
    tcp("0100007F:9C40 FEFEFE7F:0050 01", 1001, 7);
    assertThat(ask(US)).isEmpty();
    assertThat(ask(US, new InetSocketAddress("127.254.254.254", 80))).hasValue(1001);
  }

  @Test
  void aSocketThatNoProcessHasAnyMoreIsNobodysAndNotRoots() throws Exception {
    tcp("0100007F:9C40 0100007F:0050 06", 0, 0);
    assertThat(ask(US)).isEmpty();
    tcp("0100007F:9C40 0100007F:0050 04", 0, 0);
    assertThat(ask(US)).isEmpty();
  }

  @Test
  void aListenerIsNoPeer() throws Exception {
    tcp("0100007F:9C40 00000000:0000 0A", 0, 7);
    assertThat(ask(new InetSocketAddress("0.0.0.0", 0))).isEmpty();
  }

  @Test
  void socketsOfBothFamiliesAreFoundByTheirIpv4Address() throws Exception {
    String mapped = "0000000000000000FFFF00000100007F";
    Files.writeString(
        proc.resolve("tcp6"), HEAD + line(mapped + ":9C40 " + mapped + ":0050 01", 1002, 7));
    assertThat(ask(US)).hasValue(1002);
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "::1"})
  void theKernelKnowsWhoWeAre(String address) throws Exception {
    assumeTrue(Files.exists(Path.of("/proc/net/tcp6")), "needs Linux with IPv6");
    InetAddress loopback = InetAddress.getByName(address);
    long uid = ((Number) Files.getAttribute(Path.of("/proc/self"), "unix:uid")).longValue();
    try (ServerSocket server = new ServerSocket(0, 5, loopback);
        Socket client = new Socket(loopback, server.getLocalPort());
        Socket accepted = server.accept()) {
      CompletableFuture<OptionalLong> answer = new CompletableFuture<>();
      new PeerUids()
          .ask(
              (InetSocketAddress) accepted.getRemoteSocketAddress(),
              List.of((InetSocketAddress) accepted.getLocalSocketAddress()),
              answer::complete);
      assertThat(answer.get(10, TimeUnit.SECONDS)).hasValue(uid);
      assertThat(client.isConnected()).isTrue();
    }
  }

  private OptionalLong ask(InetSocketAddress... destinations) throws Exception {
    CompletableFuture<OptionalLong> answer = new CompletableFuture<>();
    new PeerUids(proc).ask(PEER, List.of(destinations), answer::complete);
    return answer.get(10, TimeUnit.SECONDS);
  }

  private void tcp(String addressesAndState, long uid, long inode) throws IOException {
    Files.writeString(proc.resolve("tcp"), HEAD + line(addressesAndState, uid, inode));
  }

  private static String line(String addressesAndState, long uid, long inode) {
    return "   0: "
        + addressesAndState
        + " 00000000:00000000 00:00000000 00000000  "
        + uid
        + "        0 "
        + inode
        + " 1 0000000000000000 20 4 0 10 -1\n";
  }
}
