package io.teleproxy.plugin.ssh.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Tunnel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Through a real SSH server to real sockets. */
class SshTunnelTest {
  @TempDir private Path home;
  private SshRig rig;
  private ServerSocket target;

  @BeforeEach
  void open() throws Exception {
    rig = new SshRig(home);
    target = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
  }

  @AfterEach
  void close() throws IOException {
    rig.close();
    target.close();
  }

  @Test
  void bytesGoBothWaysAndEachSideEndsForItself() throws IOException {
    RecordingListener listener = new RecordingListener();
    Tunnel.Connection connection = rig.open().dial(address(), listener);
    connection.write(bytes("early "));
    connection.write(bytes("bird"));
    connection.shutdownOutput();
    try (Socket socket = target.accept()) {
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
          .isEqualTo("early bird");
      socket.getOutputStream().write("late answer".getBytes(StandardCharsets.UTF_8));
    }
    listener.await1("end");
    assertThat(listener.content()).isEqualTo("late answer");
    assertThat(listener.events).containsSubsequence("opened", "end").doesNotContain("reset");
    assertThat(rig.connections.get(0)).containsKey("cipher");
  }

  @Test
  void aRefusalIsTold() throws IOException {
    InetSocketAddress nobody = address();
    target.close();
    RecordingListener listener = new RecordingListener();
    rig.open().dial(nobody, listener);
    await30().until(() -> listener.failure != null);
    assertThat(listener.failure.kind()).isEqualTo(Tunnel.DialFailure.Kind.REFUSED);
  }

  @Test
  void whoDoesNotReadHoldsUpNobodyElse() throws IOException {
    RecordingListener slow = new RecordingListener();
    SshTunnel tunnel = rig.open();
    Tunnel.Connection connection = tunnel.dial(address(), slow);
    connection.reading(false);
    try (Socket flood = target.accept()) {
      flooding(flood, 64 << 20);
      RecordingListener quick = new RecordingListener();
      Tunnel.Connection other = tunnel.dial(address(), quick);
      other.write(bytes("ping"));
      try (Socket socket = target.accept()) {
        assertThat(socket.getInputStream().readNBytes(4)).hasSize(4);
        socket.getOutputStream().write("pong".getBytes(StandardCharsets.UTF_8));
        await30().until(() -> quick.content().equals("pong"));
      }
      assertThat(slow.bytes).hasValue(0);
      connection.reading(true);
      await30().until(() -> slow.bytes.get() == 64 << 20);
    }
  }

  @Test
  void muchIsCarriedUpwardsAndTheSenderIsToldWhenToPause() throws IOException {
    RecordingListener listener = new RecordingListener();
    Tunnel.Connection connection = rig.open().dial(address(), listener);
    try (Socket socket = target.accept()) {
      int sent = 0;
      while (connection.writable()) {
        connection.write(ByteBuffer.allocate(64 << 10));
        sent += 64 << 10;
        assertThat(sent).isLessThan(256 << 20);
      }
      assertThat(socket.getInputStream().readNBytes(sent)).hasSize(sent);
      listener.await1("writable");
    }
  }

  @Test
  void aCutConnectionResetsWhatLivesAndAnotherIsMade() throws IOException {
    RecordingListener listener = new RecordingListener();
    SshTunnel tunnel = rig.open();
    tunnel.dial(address(), listener);
    listener.await1("opened");
    rig.cut();
    listener.await1("reset");
    RecordingListener next = new RecordingListener();
    tunnel.dial(address(), next);
    next.await1("opened");
  }

  @Test
  void dialsWaitForAServerThatComesBack() throws IOException {
    SshTunnel tunnel = rig.open();
    RecordingListener first = new RecordingListener();
    tunnel.dial(address(), first);
    first.await1("opened");
    rig.stop();
    first.await1("reset");
    RecordingListener waiting = new RecordingListener();
    tunnel.dial(address(), waiting);
    await30()
        .until(
            () ->
                rig.healths.stream()
                    .anyMatch(health -> health.cause() == Cause.SSH_SERVER_UNREACHABLE));
    assertThat(waiting.events).isEmpty();
    rig.start();
    waiting.await1("opened");
    await30().until(() -> last().state() == Health.State.READY);
  }

  @Test
  void aDialWaitsSoLongAndNoLonger() throws IOException {
    rig.stop();
    RecordingListener listener = new RecordingListener();
    rig.open(Duration.ofMillis(200)).dial(address(), listener);
    listener.await1("failed TIMED_OUT");
    assertThat(listener.failure.detail()).contains("127.0.0.1");
  }

  @Test
  void aHostThatIsNotKnownIsRefusedWithWhatToDo() throws IOException {
    rig.forgetHost();
    rig.open();
    await30().until(() -> !rig.refusals.isEmpty());
    assertThat(rig.refusals.get(0).reason()).contains("not known", "SHA256:");
    assertThat(rig.refusals.get(0).remedy())
        .contains(
            "'ssh -p " + rig.port() + " me@127.0.0.1'",
            home.resolve(".ssh/known_hosts").toString());
    assertThat(last().cause()).isEqualTo(Cause.SSH_HOST_KEY_REFUSED);
  }

  @Test
  void aHostWithAnotherKeyIsRefusedWithWhatToDoAndDialsFailAtOnce() throws Exception {
    SshTunnel tunnel = rig.open();
    await30().until(() -> !rig.connections.isEmpty());
    rig.stop();
    rig.newHostKey();
    rig.start();
    await30().until(() -> !rig.refusals.isEmpty());
    assertThat(rig.refusals.get(0).reason()).contains("known_hosts:1", "SHA256:");
    assertThat(rig.refusals.get(0).remedy())
        .contains("ssh-keygen -R \"[127.0.0.1]:" + rig.port() + "\"");
    RecordingListener listener = new RecordingListener();
    tunnel.dial(address(), listener);
    listener.await1("failed NETWORK_UNREACHABLE");
    rig.knowHost();
    await30().until(() -> last().state() == Health.State.READY);
  }

  @Test
  void aKeyWithAPassphraseNeedsAnAgent() throws Exception {
    rig.writeKey("secret");
    rig.open();
    await30().until(() -> !rig.refusals.isEmpty());
    assertThat(rig.refusals.get(0).reason()).contains("id_ed25519 has a passphrase", "no agent");
    assertThat(rig.refusals.get(0).remedy()).contains("ssh-add");
    assertThat(last().cause()).isEqualTo(Cause.SSH_LOGIN_REFUSED);
  }

  @Test
  void theEndOfTheTunnelIsTheEndOfAll() throws IOException {
    SshTunnel tunnel = rig.open();
    RecordingListener listener = new RecordingListener();
    tunnel.dial(address(), listener);
    listener.await1("opened");
    tunnel.close();
    listener.await1("reset");
    RecordingListener late = new RecordingListener();
    tunnel.dial(address(), late);
    late.await1("failed GENERAL");
    await30().until(() -> rig.sessions() == 0);
  }

  private Health last() {
    return rig.healths.get(rig.healths.size() - 1);
  }

  private InetSocketAddress address() {
    return (InetSocketAddress) target.getLocalSocketAddress();
  }

  private static void flooding(Socket socket, int length) {
    Thread thread =
        new Thread(
            () -> {
              try {
                for (int i = 0; i < length; i += 1 << 20) {
                  socket.getOutputStream().write(new byte[1 << 20]);
                }
              } catch (IOException e) {
                // the test is over
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private static ConditionFactory await30() {
    return await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(10));
  }
}
