package io.teleproxy.plugin.kubernetes.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.teleproxy.plugin.kubernetes.portforward.Carrier;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Links to a real agent over a way whose round trip is long, and what becomes of used ones. */
@Timeout(120)
final class LinkAgingTest {
  private static final int LINKS = 4;
  private static final int ONE_WAY_MILLIS = 15;
  private static final int MUCH = 1_500_000;

  private GatedLinks links;
  private AgentGate gate;

  @BeforeEach
  void open(@TempDir Path folder) throws Exception {
    links = new GatedLinks(folder, LINKS);
    gate = links.gate;
  }

  @AfterEach
  void close() throws Exception {
    links.close();
  }

  @Test
  void aLinkThatWasUsedMuchIsReplacedAndClosedWithItsLastStream() throws Exception {
    farAway();
    RecordedStream heard = new RecordedStream();
    Carrier stream = links.open(heard);
    try (Socket there = links.server.accept()) {
      assertThat(heard.next()).isEqualTo("accepted");
      there.getOutputStream().write(new byte[MUCH]);
      await("another one in its place")
          .atMost(GatedLinks.PATIENCE)
          .until(() -> links.usable() == LINKS + 1);
      await().atMost(GatedLinks.PATIENCE).until(() -> heard.received.get() == MUCH);
      // Who is on it is not disturbed, for however long.
      await("nothing is closed")
          .during(Duration.ofMillis(600))
          .atMost(GatedLinks.PATIENCE)
          .until(() -> gate.connections() == LINKS + 1);
      links.exchange();
      links.write(stream, "still there?");
      assertThat(there.getInputStream().readNBytes(12)).asString().isEqualTo("still there?");
      links.onLoop(stream::abort);
    }
    await("the old one is closed").atMost(GatedLinks.PATIENCE).until(() -> links.usable() == LINKS);
    await().atMost(GatedLinks.PATIENCE).until(() -> gate.connections() == LINKS);
    assertThat(gate.forwards()).isEqualTo(LINKS + 1);
    assertThat(links.reconnects()).as("nothing was lost").isZero();
    links.exchange();
  }

  @Test
  void aCrowdOfSmallConnectionsWearsALinkOut() throws Exception {
    farAway();
    List<Carrier> streams = links.open(600);
    for (int i = 0; i < 600; i++) {
      links.server.accept().close();
    }
    for (Carrier stream : streams) {
      links.onLoop(stream::abort);
    }
    await().atMost(GatedLinks.PATIENCE).until(() -> gate.forwards() > LINKS);
    await().atMost(GatedLinks.PATIENCE).until(() -> gate.connections() == LINKS);
    assertThat(gate.forwards()).as("most were on one").isEqualTo(LINKS + 1);
  }

  @Test
  void lightUseReplacesNothing() throws Exception {
    farAway();
    for (int i = 0; i < 20; i++) {
      links.exchange();
    }
    stays();
  }

  @Test
  void overAShortWayNothingIsReplaced() throws Exception {
    links.settle();
    Carrier stream = links.open(new RecordedStream());
    links.server.accept().close();
    await("known to be short, even on a busy machine")
        .atMost(GatedLinks.PATIENCE)
        .until(() -> links.roundTrip().compareTo(Duration.ofMillis(5)) < 0);
    download(1);
    stays();
    links.onLoop(stream::abort);
  }

  @Test
  void downloadsThatBeginTogetherHaveALinkEachAndSoHaveTheNext() throws Exception {
    farAway();
    List<Long> before = download(LINKS);
    assertThat(before.stream().filter(bytes -> bytes > MUCH)).hasSize(LINKS);
    links.exchange();
    links.exchange();
    List<Long> after = new ArrayList<>(download(LINKS));
    for (int i = 0; i < before.size(); i++) {
      after.set(i, after.get(i) - before.get(i));
    }
    assertThat(after.stream().filter(bytes -> bytes > MUCH)).hasSize(LINKS);
  }

  private void farAway() {
    gate.delay(ONE_WAY_MILLIS);
    links.settle();
  }

  private void stays() {
    await("nothing is opened")
        .during(Duration.ofMillis(800))
        .atMost(GatedLinks.PATIENCE)
        .until(() -> gate.forwards() == LINKS && gate.connections() == LINKS);
  }

  /**
   * So many at the same time.
   *
   * @return how many bytes each link has brought since it was made
   */
  private List<Long> download(int streams) throws Exception {
    List<RecordedStream> heard = new ArrayList<>();
    List<Carrier> carriers = new ArrayList<>();
    List<Thread> senders = new ArrayList<>();
    for (int i = 0; i < streams; i++) {
      heard.add(new RecordedStream());
      carriers.add(links.open(heard.get(i)));
    }
    for (int i = 0; i < streams; i++) {
      senders.add(sender(links.server.accept()));
    }
    for (RecordedStream each : heard) {
      await().atMost(GatedLinks.PATIENCE).until(() -> each.received.get() == MUCH);
    }
    for (Thread sender : senders) {
      sender.join();
    }
    List<Long> brought = gate.answered();
    for (Carrier carrier : carriers) {
      links.onLoop(carrier::abort);
    }
    return brought;
  }

  private static Thread sender(Socket to) {
    Thread thread =
        new Thread(
            () -> {
              try (to) {
                to.getOutputStream().write(new byte[MUCH]);
              } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
    thread.start();
    return thread;
  }
}
