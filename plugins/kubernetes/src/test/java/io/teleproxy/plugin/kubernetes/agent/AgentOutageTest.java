package io.teleproxy.plugin.kubernetes.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.teleproxy.plugin.kubernetes.api.ApiConnector;
import io.teleproxy.plugin.kubernetes.api.ApiDialer;
import io.teleproxy.plugin.kubernetes.api.ApiLoop;
import io.teleproxy.plugin.kubernetes.api.ConnectFailure;
import io.teleproxy.plugin.kubernetes.cluster.ClusterSession;
import io.teleproxy.plugin.kubernetes.portforward.Carrier;
import io.teleproxy.testkit.TestEnvironment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Links to a real agent whose network is cut, silent, or both. */
@Timeout(180)
final class AgentOutageTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final AgentGate gate = new AgentGate();
  private final ApiLoop threads = new ApiLoop("agent-outage-test");
  private final EventLoop loop = threads.loop();
  private final AtomicInteger lost = new AtomicInteger();
  private final AtomicInteger replaced = new AtomicInteger();
  private final AtomicInteger unreachable = new AtomicInteger();
  private final RecordedStream events = new RecordedStream();
  private ServerSocket server;
  private ClusterSession cluster;
  private AgentLinks links;

  @BeforeEach
  void open(@TempDir Path folder) throws Exception {
    server = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());
    Path kubeconfig =
        Files.writeString(
            folder.resolve("kubeconfig"),
            """
            clusters: [{name: gate, cluster: {server: "http://127.0.0.1:%d"}}]
            users: [{name: gate, user: {token: secret}}]
            contexts: [{name: gate, context: {cluster: gate, user: gate}}]
            current-context: gate
            """
                .formatted(gate.port()));
    cluster =
        ClusterSession.acquire(
            new TestEnvironment(Map.of(), Map.of("kubeconfig", kubeconfig.toString())));
    links =
        new AgentLinks(
            loop,
            new ApiConnector(cluster, new ApiDialer(cluster, threads)),
            2,
            false,
            new AgentLinks.Observer() {
              @Override
              public void replaced() {
                replaced.incrementAndGet();
              }

              @Override
              public void up() {}

              @Override
              public void unreachable(ConnectFailure failure) {
                unreachable.incrementAndGet();
              }

              @Override
              public void podLost(String reason, String remedy) {
                lost.incrementAndGet();
              }
            });
    use("agent");
  }

  @AfterEach
  void close() throws Exception {
    onLoop(() -> links.forget("the test is over"));
    cluster.close();
    server.close();
    gate.close();
    threads.close();
    loop.terminationFuture().await();
  }

  @Test
  void aThousandOutagesLeaveNothingBehind() throws Exception {
    exchange();
    int threads = Thread.activeCount();
    long files = openFiles();
    for (int i = 0; i < 1000; i++) {
      gate.cut();
      exchange();
    }
    settle();
    assertThat(lost.get()).as("the pod was there all the time").isZero();
    assertThat(replaced).hasValue(0);
    assertThat(Thread.activeCount()).isLessThanOrEqualTo(threads + 2);
    await("all sockets closed").atMost(PATIENCE).until(() -> openFiles() <= files + 8);
    // Not more port-forwards than are needed: two for each outage, and some that were cut early.
    assertThat(gate.forwards()).isLessThan(4000);
  }

  @Test
  void whoAsksOnASilentLinkIsCarriedByAnother() throws Exception {
    settle();
    gate.silence();
    // Both links look well, and one of them takes the request.
    Carrier stream = open(events);
    write(stream, "once");
    try (Socket there = server.accept()) {
      assertThat(there.getInputStream().readNBytes(4)).asString().isEqualTo("once");
      assertThat(events.next()).isIn("accepted", "suspected");
      // What was held up arrives after all, and is not carried out again.
      gate.speakAgain();
      there.getOutputStream().write("answer".getBytes(StandardCharsets.UTF_8));
      assertThat(events.next()).isEqualTo("received answer");
      exchange();
    }
    server.setSoTimeout(100);
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> server.accept())
        .isInstanceOf(java.net.SocketTimeoutException.class);
  }

  @Test
  void aLinkOverWhichOnlyAnswersComeIsNotUsedForRequests() throws Exception {
    settle();
    Carrier first = open(events);
    write(first, "once");
    try (Socket there = server.accept()) {
      assertThat(events.next()).isEqualTo("accepted");
      gate.silence();
      await("a link is given up for two others")
          .atMost(PATIENCE)
          .until(
              () -> gate.forwards() >= 4 && loop.submit(() -> links.uplink().usable()).get() == 2);
      there.getOutputStream().write("late".getBytes(StandardCharsets.UTF_8));
      assertThat(events.next()).isEqualTo("received late");
      assertThat(loop.submit(() -> links.uplink().usable()).get()).isEqualTo(2);
      gate.speakAgain();
      await("it works in both directions")
          .atMost(PATIENCE)
          .until(() -> loop.submit(() -> links.uplink().usable()).get() > 2);
    }
  }

  @Test
  void anAnswerFromBeforeTheSilenceDoesNotMeanThatWhatWasSentLaterArrives() throws Exception {
    settle();
    Carrier first = open(events);
    write(first, "once");
    try (Socket there = server.accept()) {
      assertThat(events.next()).isEqualTo("accepted");
      gate.holdAnswers();
      await("another link is opened").atMost(PATIENCE).until(() -> gate.forwards() >= 3);
      settle();
      gate.silence();
      there.getOutputStream().write("late".getBytes(StandardCharsets.UTF_8));
      gate.letAnswersThrough();
      // Behind the answer to the PING.
      assertThat(events.next()).isEqualTo("received late");
      assertThat(loop.submit(() -> links.uplink().usable()).get()).isLessThanOrEqualTo(2);
      gate.speakAgain();
      await("what is asked now is answered, so that there is one too many")
          .atMost(PATIENCE)
          .until(() -> gate.connections() == 2);
    }
  }

  @Test
  void whoseRequestWentWithTheConnectionAsksAgain() throws Exception {
    settle();
    gate.silence();
    Carrier stream = open(events);
    write(stream, "once");
    gate.cut();
    try (Socket there = server.accept()) {
      assertThat(there.getInputStream().readNBytes(4)).asString().isEqualTo("once");
      assertThat(events.next()).isEqualTo("accepted");
    }
  }

  @Test
  void anotherProcessOfTheAgentIsNotAskedAgain() throws Exception {
    settle();
    gate.silence();
    Carrier stream = open(events);
    write(stream, "once");
    gate.restartAgent();
    gate.cut();
    assertThat(events.next())
        .startsWith("refused GENERAL the tunnel broke before the far end had answered");
    exchange();
    assertThat(replaced).as("told once").hasValue(1);
  }

  @Test
  void anAgentThatIsBeingEndedIsLeftByNewConnectionsAndServesTheOldOnes() throws Exception {
    settle();
    open(events);
    try (Socket there = server.accept()) {
      assertThat(events.next()).isEqualTo("accepted");
      Thread drain = new Thread(gate::retireAgent);
      drain.start();
      await().atMost(PATIENCE).until(() -> lost.get() > 0);
      assertThat(loop.submit(links::state).get()).isEqualTo(AgentLinks.State.NONE);
      there.getOutputStream().write("answer".getBytes(StandardCharsets.UTF_8));
      assertThat(events.next()).isEqualTo("received answer");
      drain.join();
    }
  }

  @Test
  void liveConnectionsEndWhenTheirsDoes() throws Exception {
    open(events);
    try (Socket there = server.accept()) {
      assertThat(events.next()).isEqualTo("accepted");
      gate.cut();
      assertThat(events.next()).startsWith("lost");
    }
  }

  @ParameterizedTest
  @CsvSource({"403, 0", "404, 1"})
  void whatIsThereStaysWhenNoMoreMayBeOpened(int status, int losses) throws Exception {
    settle();
    gate.refuse(status, "no more of them");
    gate.cutOne();
    await().atMost(PATIENCE).until(() -> gate.refusals() > 0);
    open(events);
    try (Socket there = server.accept()) {
      assertThat(events.next()).isEqualTo("accepted");
      assertThat(lost).hasValue(losses);
      // Who looks after the pod finds that it runs.
      use("agent");
      there.getOutputStream().write("answer".getBytes(StandardCharsets.UTF_8));
      assertThat(events.next()).isEqualTo("received answer");
    }
  }

  @Test
  void anApiServerThatHasJustStartedMayForbidWhatIsAllowed() throws Exception {
    settle();
    gate.refuse(403, "pods is forbidden: User cannot: not yet synced");
    gate.cut();
    await().atMost(PATIENCE).until(() -> gate.refusals() > 2);
    assertThat(loop.submit(links::state).get()).isEqualTo(AgentLinks.State.RECOVERING);
    gate.refuseNoMore();
    exchange();
    assertThat(lost).hasValue(0);
  }

  @Test
  void aNodeThatIsOutOfReachForLongIsNotWaitedFor() throws Exception {
    settle();
    gate.refuse(500, "error dialing backend: dial tcp 10.99.2.2:10250: connection refused");
    gate.cut();
    await().atMost(PATIENCE).until(() -> gate.refusals() > 0);
    assertThat(loop.submit(links::state).get()).isEqualTo(AgentLinks.State.RECOVERING);
    await().atMost(PATIENCE).until(() -> lost.get() > 0);
    assertThat(loop.submit(links::state).get()).isEqualTo(AgentLinks.State.NONE);
    gate.refuseNoMore();
    use("agent");
    exchange();
  }

  @Test
  void anApiServerThatIsAwayIsSaidAndTriedAgain() throws Exception {
    settle();
    gate.leave();
    await().atMost(PATIENCE).until(() -> unreachable.get() > 1);
    assertThat(lost).hasValue(0);
    assertThat(loop.submit(links::state).get()).isEqualTo(AgentLinks.State.RECOVERING);
  }

  /** A connection with early data, its answer, and its end. */
  private void exchange() throws Exception {
    RecordedStream heard = new RecordedStream();
    Carrier stream = open(heard);
    write(stream, "question");
    try (Socket there = server.accept()) {
      assertThat(there.getInputStream().readNBytes(8)).asString().isEqualTo("question");
      assertThat(heard.next()).isEqualTo("accepted");
      there.getOutputStream().write("answer".getBytes(StandardCharsets.UTF_8));
      assertThat(heard.next()).isEqualTo("received answer");
      onLoop(stream::abort);
    }
  }

  /** Waits for a link if there is none, as a dial does. */
  private Carrier open(AgentStream.Hearer heard) {
    InetSocketAddress to = (InetSocketAddress) server.getLocalSocketAddress();
    Carrier[] opened = new Carrier[1];
    await("a link")
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(2))
        .atMost(PATIENCE)
        .until(
            () -> {
              onLoop(() -> opened[0] = links.open(to, heard));
              return opened[0] != null;
            });
    return opened[0];
  }

  private void settle() {
    await("both links")
        .atMost(PATIENCE)
        .until(() -> loop.submit(() -> links.uplink().usable()).get() == 2);
  }

  private void use(String pod) throws Exception {
    onLoop(() -> links.use("default", pod));
  }

  private void onLoop(Runnable work) throws Exception {
    @Nullable Object unused = loop.submit(work).get(20, TimeUnit.SECONDS);
  }

  private void write(Carrier stream, String text) throws Exception {
    ByteBuf bytes = Unpooled.buffer().writeZero(Carrier.HEADROOM);
    bytes.writeCharSequence(text, StandardCharsets.UTF_8);
    onLoop(() -> stream.write(bytes, sent -> {}));
  }

  private static long openFiles() throws java.io.IOException {
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      return files.count();
    }
  }
}
