package io.teleproxy.plugin.kubernetes.tunnel;

import static io.teleproxy.plugin.kubernetes.tunnel.TunnelBench.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.teleproxy.spi.Tunnel.Connection;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Connections over real frames to a server on loopback. */
final class KubernetesTunnelTest {
  private final FakeApiServer server = new FakeApiServer();
  private final RecordingListener listener = new RecordingListener();
  @TempDir Path folder;
  private TunnelBench tunnel;

  @BeforeEach
  void open() throws Exception {
    tunnel = new TunnelBench(folder, server, Map.of("half-close-delay", "PT0.2S"));
  }

  @AfterEach
  void close() {
    tunnel.close();
    server.close();
  }

  @Test
  void earlyDataFollowsTheStreamsWithoutWaitingForAReply() throws Exception {
    server.reply = false;
    Connection connection = tunnel.dial("web.shop", 8080, listener);
    connection.write(bytes("one"));
    connection.write(bytes("two"));
    FakePod pod = server.pod();
    assertThat(pod.next()).isEqualTo("open error port=8080 request=0");
    assertThat(pod.next()).isEqualTo("fin error");
    assertThat(pod.next()).isEqualTo("open data port=8080 request=0");
    assertThat(pod.next()).isEqualTo("data one");
    assertThat(pod.next()).isEqualTo("data two");
    assertThat(listener.pending()).isEmpty();
    pod.replyBoth();
    assertThat(listener.next()).isEqualTo("opened");
    connection.write(bytes("three"));
    assertThat(pod.next()).isEqualTo("data three");
    pod.send("answer");
    assertThat(listener.next()).isEqualTo("received answer");
    assertThat(server.requests.get(0))
        .isEqualTo("POST /api/v1/namespaces/shop/pods/web/portforward Bearer secret");
  }

  @Test
  void aRefusalBeforeTheReplyFailsTheDial() throws Exception {
    server.reply = false;
    tunnel.dial("web.shop", 81, listener);
    server.pod().opened().fail("failed to connect to localhost:81: connection refused ");
    assertThat(listener.next())
        .isEqualTo("failed REFUSED failed to connect to localhost:81: connection refused");
  }

  @Test
  void aRefusalAfterTheReplyIsAReset() throws Exception {
    tunnel.dial("web.shop", 81, listener);
    server.pod().opened().fail("failed to connect to localhost:81: connection refused");
    assertThat(listener.next()).isEqualTo("opened");
    assertThat(listener.next())
        .isEqualTo("reset failed to connect to localhost:81: connection refused");
  }

  @Test
  void anErrorThatFollowsTheEndOfDataIsAResetAndNoCleanEnd() throws Exception {
    tunnel.dial("web.shop", 81, listener);
    FakePod pod = server.pod().opened();
    pod.send("partial");
    pod.finData();
    pod.send("");
    pod.fail("read: connection reset by peer");
    assertThat(listener.next()).isEqualTo("opened");
    assertThat(listener.next()).isEqualTo("received partial");
    assertThat(listener.next()).isEqualTo("reset read: connection reset by peer");
  }

  @Test
  void ourEndIsHeldBackWhileTheFarEndTalks() throws Exception {
    Connection connection = tunnel.dial("web.shop", 80, listener);
    FakePod pod = server.pod().opened();
    assertThat(listener.next()).isEqualTo("opened");
    connection.write(bytes("request"));
    connection.shutdownOutput();
    assertThat(pod.next()).isEqualTo("data request");
    long until = System.nanoTime() + 400_000_000L;
    while (System.nanoTime() < until) {
      pod.send("talk");
      assertThat(listener.next()).isEqualTo("received talk");
      assertThat(pod.pending()).isEmpty();
    }
    assertThat(pod.next()).isEqualTo("fin data");
    pod.finBoth();
    assertThat(listener.next()).isEqualTo("inputShutdown");
  }

  @Test
  void aFarEndThatHalfClosesCanStillBeWrittenTo() throws Exception {
    Connection connection = tunnel.dial("web.shop", 80, listener);
    FakePod pod = server.pod().opened();
    assertThat(listener.next()).isEqualTo("opened");
    pod.finData();
    assertThat(listener.next()).isEqualTo("inputShutdown");
    connection.write(bytes("more"));
    assertThat(pod.next()).isEqualTo("data more");
    connection.shutdownOutput();
    assertThat(pod.next()).isEqualTo("fin data");
  }

  @Test
  void writingToAFarEndThatClosedIsAReset() throws Exception {
    Connection connection = tunnel.dial("web.shop", 80, listener);
    FakePod pod = server.pod().opened();
    pod.finBoth();
    assertThat(listener.next()).isEqualTo("opened");
    assertThat(listener.next()).isEqualTo("inputShutdown");
    connection.write(bytes("more"));
    assertThat(listener.next()).isEqualTo("reset the far end has closed the connection");
  }

  @Test
  void resetsAndLostConnectionsAreResets() throws Exception {
    tunnel.dial("web.shop", 80, listener);
    server.pod().opened().rstData();
    assertThat(listener.next()).isEqualTo("opened");
    assertThat(listener.next()).startsWith("reset stream reset");

    RecordingListener second = new RecordingListener();
    tunnel.dial("web.other", 80, second);
    FakePod pod = server.pod();
    assertThat(second.next()).isEqualTo("opened");
    pod.drop();
    assertThat(second.next()).isEqualTo("reset the API server closed the connection");
  }

  @Test
  void resettingClosesTheUpgradedConnection() throws Exception {
    Connection connection = tunnel.dial("web.shop", 80, listener);
    FakePod pod = server.pod().opened();
    assertThat(listener.next()).isEqualTo("opened");
    connection.reset();
    connection.reset();
    connection.write(bytes("nobody"));
    assertThat(pod.next()).isEqualTo("closed");
    assertThat(listener.pending()).isEmpty();
  }

  @Test
  void aConnectionThatEndedCleanlyCarriesTheNextFlow() throws Exception {
    Connection first = tunnel.dial("web.shop", 80, listener);
    first.shutdownOutput();
    FakePod pod = server.pod().opened();
    assertThat(pod.next()).isEqualTo("fin data");
    pod.finBoth();
    assertThat(listener.next()).isEqualTo("opened");
    assertThat(listener.next()).isEqualTo("inputShutdown");

    RecordingListener second = new RecordingListener();
    Connection next = tunnel.dial("web.shop", 81, second);
    next.write(bytes("again"));
    assertThat(pod.next()).isEqualTo("open error port=81 request=1");
    assertThat(pod.next()).isEqualTo("fin error");
    assertThat(pod.next()).isEqualTo("open data port=81 request=1");
    assertThat(pod.next()).isEqualTo("data again");
    pod.send("yes");
    assertThat(second.next()).isEqualTo("opened");
    assertThat(second.next()).isEqualTo("received yes");
  }

  @Test
  void aConnectionThatBreaksAfterTheFirstBytesIsNotTriedAgain() throws Exception {
    server.reply = false;
    tunnel.dial("web.shop", 80, listener).write(bytes("once"));
    FakePod pod = server.pod().opened();
    assertThat(pod.next()).isEqualTo("data once");
    pod.drop();
    assertThat(listener.next()).isEqualTo("failed GENERAL the API server closed the connection");
  }

  @Test
  void manyDialsAtOnceAllGetTheirConnection() throws Exception {
    List<RecordingListener> listeners = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      RecordingListener each = new RecordingListener();
      listeners.add(each);
      tunnel.dial("web.shop", 80, each);
    }
    for (RecordingListener each : listeners) {
      assertThat(each.next()).isEqualTo("opened");
    }
  }

  @Test
  void aReusedConnectionThatDiesBeforeItRepliesIsReplacedAndWasWrittenNothing() throws Exception {
    tunnel.dial("web.shop", 80, listener).shutdownOutput();
    FakePod stale = server.pod().opened();
    assertThat(stale.next()).isEqualTo("fin data");
    stale.finBoth();
    assertThat(listener.next()).isEqualTo("opened");
    assertThat(listener.next()).isEqualTo("inputShutdown");

    server.reply = false;
    RecordingListener second = new RecordingListener();
    tunnel.dial("web.shop", 80, second).write(bytes("once"));
    assertThat(server.pod()).isSameAs(stale);
    server.reply = true;
    stale.drop();
    stale.opened();
    assertThat(stale.next()).isEqualTo("closed");
    assertThat(second.next()).isEqualTo("opened");
    FakePod fresh = server.pod().opened();
    assertThat(fresh.next()).isEqualTo("data once");
  }

  @Test
  void aReaderThatPausesStopsItsOwnConnectionOnly() throws Exception {
    Connection paused = tunnel.dial("web.shop", 80, listener);
    FakePod pod = server.pod().opened();
    assertThat(listener.next()).isEqualTo("opened");
    paused.reading(false);
    byte[] chunk = new byte[64 * 1024];
    long sent = 0;
    while (sent < 64L << 20 && (sent < 8 << 20 || pod.sendable())) {
      pod.send(chunk);
      sent += chunk.length;
    }
    await().until(() -> !pod.sendable());

    RecordingListener other = new RecordingListener();
    tunnel.dial("web.shop", 80, other);
    assertThat(other.next()).isEqualTo("opened");

    paused.reading(true);
    long all = sent;
    await().untilAsserted(() -> assertThat(listener.received.get()).isEqualTo(all));
  }

  @Test
  void aFarEndThatDoesNotReadMakesTheConnectionUnwritable() throws Exception {
    Connection connection = tunnel.dial("web.shop", 80, listener);
    FakePod pod = server.pod().opened();
    assertThat(listener.next()).isEqualTo("opened");
    pod.reading(false);
    long written = 0;
    while (connection.writable() && written < 64L << 20) {
      connection.write(ByteBuffer.allocate(64 * 1024));
      written += 64 * 1024;
    }
    assertThat(connection.writable()).isFalse();
    pod.reading(true);
    assertThat(listener.next()).isEqualTo("writable");
    long all = written;
    await().untilAsserted(() -> assertThat(pod.received.get()).isEqualTo(all));
  }

  @Test
  void closingTheTunnelResetsItsConnections() throws Exception {
    tunnel.dial("web.shop", 80, listener);
    server.pod().opened();
    assertThat(listener.next()).isEqualTo("opened");
    tunnel.session.close();
    assertThat(listener.next()).isEqualTo("reset the tunnel is closed");
    RecordingListener late = new RecordingListener();
    tunnel.dial("web.shop", 80, late);
    assertThat(late.next()).isEqualTo("failed GENERAL the tunnel is closed");
  }
}
