package io.teleproxy.plugin.kubernetes.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.teleproxy.plugin.kubernetes.portforward.Carrier;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
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
  private final RecordedStream events = new RecordedStream();
  private GatedLinks links;
  private AgentGate gate;

  @BeforeEach
  void open(@TempDir Path folder) throws Exception {
    links = new GatedLinks(folder, 2);
    gate = links.gate;
  }

  @AfterEach
  void close() throws Exception {
    links.close();
  }

  @Test
  void aThousandOutagesLeaveNothingBehind() throws Exception {
    links.exchange();
    int threads = Thread.activeCount();
    long files = openFiles();
    for (int i = 0; i < 1000; i++) {
      gate.cut();
      links.exchange();
    }
    links.settle();
    assertThat(links.lost.get()).as("the pod was there all the time").isZero();
    assertThat(links.replaced).hasValue(0);
    assertThat(Thread.activeCount()).isLessThanOrEqualTo(threads + 2);
    await("all sockets closed").atMost(GatedLinks.PATIENCE).until(() -> openFiles() <= files + 8);
    // Not more port-forwards than are needed: two for each outage, and some that were cut early.
    assertThat(gate.forwards()).isLessThan(4000);
  }

  @Test
  void whoAsksOnASilentLinkIsCarriedByAnother() throws Exception {
    links.settle();
    gate.silence();
    // Both links look well, and one of them takes the request.
    Carrier stream = links.open(events);
    links.write(stream, "once");
    try (Socket there = links.server.accept()) {
      assertThat(there.getInputStream().readNBytes(4)).asString().isEqualTo("once");
      assertThat(events.next()).isIn("accepted", "suspected");
      // What was held up arrives after all, and is not carried out again.
      gate.speakAgain();
      there.getOutputStream().write("answer".getBytes(StandardCharsets.UTF_8));
      assertThat(events.next()).isEqualTo("received answer");
      links.exchange();
    }
    links.server.setSoTimeout(100);
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> links.server.accept())
        .isInstanceOf(java.net.SocketTimeoutException.class);
  }

  @Test
  void aLinkOverWhichOnlyAnswersComeIsNotUsedForRequests() throws Exception {
    links.settle();
    Carrier first = links.open(events);
    links.write(first, "once");
    try (Socket there = links.server.accept()) {
      assertThat(events.next()).isEqualTo("accepted");
      gate.silence();
      await("a link is given up for two others")
          .atMost(GatedLinks.PATIENCE)
          .until(() -> gate.forwards() >= 4 && links.usable() == 2);
      there.getOutputStream().write("late".getBytes(StandardCharsets.UTF_8));
      assertThat(events.next()).isEqualTo("received late");
      assertThat(links.usable()).isEqualTo(2);
      gate.speakAgain();
      await("it works in both directions")
          .atMost(GatedLinks.PATIENCE)
          .until(() -> links.usable() > 2);
    }
  }

  @Test
  void anAnswerFromBeforeTheSilenceDoesNotMeanThatWhatWasSentLaterArrives() throws Exception {
    links.settle();
    Carrier first = links.open(events);
    links.write(first, "once");
    try (Socket there = links.server.accept()) {
      assertThat(events.next()).isEqualTo("accepted");
      gate.holdAnswers();
      await("another link is opened").atMost(GatedLinks.PATIENCE).until(() -> gate.forwards() >= 3);
      links.settle();
      gate.silence();
      there.getOutputStream().write("late".getBytes(StandardCharsets.UTF_8));
      gate.letAnswersThrough();
      // Behind the answer to the PING.
      assertThat(events.next()).isEqualTo("received late");
      assertThat(links.usable()).isLessThanOrEqualTo(2);
      gate.speakAgain();
      await("what is asked now is answered, so that there is one too many")
          .atMost(GatedLinks.PATIENCE)
          .until(() -> gate.connections() == 2);
    }
  }

  @Test
  void whoseRequestWentWithTheConnectionAsksAgain() throws Exception {
    links.settle();
    gate.silence();
    Carrier stream = links.open(events);
    links.write(stream, "once");
    gate.cut();
    try (Socket there = links.server.accept()) {
      assertThat(there.getInputStream().readNBytes(4)).asString().isEqualTo("once");
      assertThat(events.next()).isEqualTo("accepted");
    }
  }

  @Test
  void anotherProcessOfTheAgentIsNotAskedAgain() throws Exception {
    links.settle();
    gate.silence();
    Carrier stream = links.open(events);
    links.write(stream, "once");
    gate.restartAgent();
    gate.cut();
    assertThat(events.next())
        .startsWith("refused GENERAL the tunnel broke before the far end had answered");
    links.exchange();
    assertThat(links.replaced).as("told once").hasValue(1);
  }

  @Test
  void anAgentThatIsBeingEndedIsLeftByNewConnectionsAndServesTheOldOnes() throws Exception {
    links.settle();
    links.open(events);
    try (Socket there = links.server.accept()) {
      assertThat(events.next()).isEqualTo("accepted");
      Thread drain = new Thread(gate::retireAgent);
      drain.start();
      await().atMost(GatedLinks.PATIENCE).until(() -> links.lost.get() > 0);
      assertThat(links.state()).isEqualTo(AgentLinks.State.NONE);
      there.getOutputStream().write("answer".getBytes(StandardCharsets.UTF_8));
      assertThat(events.next()).isEqualTo("received answer");
      drain.join();
    }
  }

  @Test
  void liveConnectionsEndWhenTheirsDoes() throws Exception {
    links.open(events);
    try (Socket there = links.server.accept()) {
      assertThat(events.next()).isEqualTo("accepted");
      gate.cut();
      assertThat(events.next()).startsWith("lost");
    }
  }

  @ParameterizedTest
  @CsvSource({"403, 0", "404, 1"})
  void whatIsThereStaysWhenNoMoreMayBeOpened(int status, int losses) throws Exception {
    links.settle();
    gate.refuse(status, "no more of them");
    gate.cutOne();
    await().atMost(GatedLinks.PATIENCE).until(() -> gate.refusals() > 0);
    links.open(events);
    try (Socket there = links.server.accept()) {
      assertThat(events.next()).isEqualTo("accepted");
      assertThat(links.lost).hasValue(losses);
      // Who looks after the pod finds that it runs.
      links.use("agent");
      there.getOutputStream().write("answer".getBytes(StandardCharsets.UTF_8));
      assertThat(events.next()).isEqualTo("received answer");
    }
  }

  @Test
  void anApiServerThatHasJustStartedMayForbidWhatIsAllowed() throws Exception {
    links.settle();
    gate.refuse(403, "pods is forbidden: User cannot: not yet synced");
    gate.cut();
    await().atMost(GatedLinks.PATIENCE).until(() -> gate.refusals() > 2);
    assertThat(links.state()).isEqualTo(AgentLinks.State.RECOVERING);
    gate.refuseNoMore();
    links.exchange();
    assertThat(links.lost).hasValue(0);
  }

  @Test
  void aNodeThatIsOutOfReachForLongIsNotWaitedFor() throws Exception {
    links.settle();
    gate.refuse(500, "error dialing backend: dial tcp 10.99.2.2:10250: connection refused");
    gate.cut();
    await().atMost(GatedLinks.PATIENCE).until(() -> gate.refusals() > 0);
    assertThat(links.state()).isEqualTo(AgentLinks.State.RECOVERING);
    await().atMost(GatedLinks.PATIENCE).until(() -> links.lost.get() > 0);
    assertThat(links.state()).isEqualTo(AgentLinks.State.NONE);
    gate.refuseNoMore();
    links.use("agent");
    links.exchange();
  }

  @Test
  void anApiServerThatIsAwayIsSaidAndTriedAgain() throws Exception {
    links.settle();
    gate.leave();
    await().atMost(GatedLinks.PATIENCE).until(() -> links.unreachable.get() > 1);
    assertThat(links.lost).hasValue(0);
    assertThat(links.state()).isEqualTo(AgentLinks.State.RECOVERING);
  }

  private static long openFiles() throws java.io.IOException {
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      return files.count();
    }
  }
}
