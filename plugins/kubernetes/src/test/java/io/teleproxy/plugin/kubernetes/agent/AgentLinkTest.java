package io.teleproxy.plugin.kubernetes.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.teleproxy.plugin.kubernetes.portforward.Carrier;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A link and a real agent, on real sockets. */
@Timeout(120)
final class AgentLinkTest {
  private final AgentRig rig = new AgentRig();
  private final RecordedStream events = new RecordedStream();
  private ServerSocket server;

  @BeforeEach
  void listen() throws IOException {
    server = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());
  }

  @AfterEach
  void close() throws IOException {
    rig.close();
    server.close();
  }

  @Test
  void earlyDataGoesWithTheRequest() throws Exception {
    Carrier stream = rig.open(target(), events);
    write(stream, "early");
    try (Socket there = server.accept()) {
      assertThat(there.getInputStream().readNBytes(5)).asString().isEqualTo("early");
      assertThat(events.next()).isEqualTo("accepted");
      there.getOutputStream().write("answer".getBytes(StandardCharsets.UTF_8));
      assertThat(events.next()).isEqualTo("received answer");
    }
  }

  @Test
  void aLongAnswerComesAfterTheHalfClose() throws Exception {
    byte[] answer = new byte[20_000_000];
    Carrier stream = rig.open(target(), events);
    write(stream, "question");
    finish(stream);
    try (Socket there = server.accept()) {
      assertThat(there.getInputStream().readAllBytes()).asString().isEqualTo("question");
      there.getOutputStream().write(answer);
      there.shutdownOutput();
      assertThat(events.next()).isEqualTo("accepted");
      String last = events.next();
      while (last.startsWith("received")) {
        last = events.next();
      }
      assertThat(last).isEqualTo("inputFinished");
      assertThat(events.received.get()).isEqualTo(answer.length);
    }
  }

  @Test
  void writingGoesOnAfterTheFarEndsHalfClose() throws Exception {
    Carrier stream = rig.open(target(), events);
    try (Socket there = server.accept()) {
      there.shutdownOutput();
      assertThat(events.next()).isEqualTo("accepted");
      assertThat(events.next()).isEqualTo("inputFinished");
      for (int i = 0; i < 200; i++) {
        write(stream, "x".repeat(30_000));
      }
      finish(stream);
      assertThat(there.getInputStream().readAllBytes()).hasSize(6_000_000);
    }
  }

  @Test
  void aRefusedPortIsRefused() throws Exception {
    server.close();
    rig.open(target(), events);
    assertThat(events.next()).startsWith("refused REFUSED 127.0.0.1:");
  }

  @Test
  void aNameThatDoesNotExistIsSaidToBeUnknown() throws Exception {
    rig.open(InetSocketAddress.createUnresolved("no-such-host.invalid", 80), events);
    assertThat(events.next()).startsWith("refused NAME_NOT_FOUND");
  }

  @Test
  void aResetThereIsAResetHere() throws Exception {
    Carrier stream = rig.open(target(), events);
    write(stream, "x");
    Socket there = server.accept();
    assertThat(there.getInputStream().read()).isEqualTo('x');
    there.setSoLinger(true, 0);
    there.close();
    assertThat(events.next()).isEqualTo("accepted");
    assertThat(events.next()).isEqualTo("refused GENERAL reset by the far end");
  }

  @Test
  void anAbortHereIsAResetThere() throws Exception {
    Carrier stream = rig.open(target(), events);
    try (Socket there = server.accept()) {
      assertThat(events.next()).isEqualTo("accepted");
      rig.loop.execute(stream::abort);
      there.setSoTimeout(20_000);
      org.assertj.core.api.Assertions.assertThatThrownBy(() -> there.getInputStream().read())
          .isInstanceOf(SocketException.class)
          .hasMessageContaining("reset");
    }
  }

  @Test
  void losingTheConnectionResetsBothEndsAtOnce() throws Exception {
    rig.open(target(), events);
    try (Socket there = server.accept()) {
      assertThat(events.next()).isEqualTo("accepted");
      rig.cut();
      assertThat(events.next()).startsWith("lost");
      there.setSoTimeout(20_000);
      org.assertj.core.api.Assertions.assertThatThrownBy(() -> there.getInputStream().read())
          .isInstanceOf(SocketException.class)
          .hasMessageContaining("reset");
    }
  }

  @Test
  void readersThatStallHoldTheirSendersAndNobodyElse() throws Exception {
    List<AtomicLong> sent = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      Carrier stalled = rig.open(target(), new RecordedStream());
      rig.loop.execute(() -> stalled.reading(false));
      AtomicLong count = new AtomicLong();
      sent.add(count);
      flood(server.accept(), count);
    }
    AtomicLong before = new AtomicLong(-1);
    await()
        .pollInterval(Duration.ofMillis(500))
        .atMost(Duration.ofSeconds(60))
        .until(() -> total(sent) > 0 && before.getAndSet(total(sent)) == total(sent));
    // What the sockets hold themselves is most of it: up to 6 MiB in and 4 MiB out, each.
    assertThat(total(sent)).isLessThan(50L * (11 << 20));
    Carrier other = rig.open(target(), events);
    write(other, "hello");
    try (Socket there = server.accept()) {
      assertThat(there.getInputStream().readNBytes(5)).asString().isEqualTo("hello");
      there.getOutputStream().write("world".getBytes(StandardCharsets.UTF_8));
      assertThat(events.next()).isEqualTo("accepted");
      assertThat(events.next()).isEqualTo("received world");
    }
  }

  @Test
  void aThousandStreamsLiveSideBySide() throws Exception {
    List<Socket> accepted = new ArrayList<>();
    List<RecordedStream> streams = new ArrayList<>();
    try {
      for (int i = 0; i < 1000; i++) {
        RecordedStream each = new RecordedStream();
        streams.add(each);
        rig.open(target(), each);
        accepted.add(server.accept());
      }
      for (int i = 0; i < 1000; i++) {
        accepted.get(i).getOutputStream().write('x');
        assertThat(streams.get(i).next()).isEqualTo("accepted");
        assertThat(streams.get(i).next()).isEqualTo("received x");
      }
    } finally {
      for (Socket each : accepted) {
        each.close();
      }
    }
  }

  private static long total(List<AtomicLong> counts) {
    return counts.stream().mapToLong(AtomicLong::get).sum();
  }

  private static void flood(Socket socket, AtomicLong sent) {
    Thread thread =
        new Thread(
            () -> {
              try {
                byte[] block = new byte[10_000];
                while (true) {
                  socket.getOutputStream().write(block);
                  sent.addAndGet(block.length);
                }
              } catch (IOException e) {
                return; // the test is over
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  private InetSocketAddress target() {
    return (InetSocketAddress) server.getLocalSocketAddress();
  }

  private void write(Carrier stream, String text) {
    ByteBuf bytes = Unpooled.buffer().writeZero(Carrier.HEADROOM);
    bytes.writeCharSequence(text, StandardCharsets.UTF_8);
    rig.loop.execute(() -> stream.write(bytes, sent -> {}));
  }

  private void finish(Carrier stream) {
    rig.loop.execute(stream::finish);
  }
}
