package io.teleproxy.plugin.pf;

import static io.teleproxy.testkit.Plans.dns;
import static io.teleproxy.testkit.Plans.plan;
import static io.teleproxy.testkit.Plans.redirect;
import static io.teleproxy.testkit.Plans.reject;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.teleproxy.spi.AnsweredNames;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run from start to end, with the commands that it gives; complete ones are in golden/. */
class PfLifecycleTest {
  private static final AnsweredNames NAMES =
      new AnsweredNames(
          List.of("cluster.local"), List.of("teleproxy"), List.of("default.svc.cluster.local"));

  /** Whoever plays dead must not mend anything. */
  private static final Duration NEVER = Duration.ofDays(1);

  @TempDir Path folder;
  private final Mac mac = new Mac();
  private PfInterceptor interceptor;

  @BeforeEach
  void interceptor() throws IOException {
    Files.createFile(folder.resolve("pf"));
    interceptor = interceptor(NEVER);
  }

  private PfInterceptor interceptor(Duration check) {
    return new PfInterceptor(mac, mac::openDevice, folder.resolve("pf"), check);
  }

  private static InterceptPlan first() {
    return InterceptPlan.of(
        List.of(redirect("tcp 10.0.0.1 80", 15001), reject("tcp 10.0.0.1")),
        dns(15053, "192.168.1.1"),
        List.of());
  }

  @Test
  void aWholeLifeGivesTheseCommandsAndLeavesNothing() throws IOException {
    assertThat(interceptor.recover(mac)).isEmpty();
    Interceptor.Session session = interceptor.open(mac);
    session.apply(first());
    session.names(NAMES);
    session.apply(first());
    session.apply(
        InterceptPlan.of(
            List.of(redirect("tcp 10.0.0.1 80", 15001), redirect("udp 10.0.0.2 7", 15007)),
            dns(15053, "192.168.1.1"),
            List.of()));
    session.close();

    assertThat(mac.transcript()).isEqualTo(Golden.file("life.txt"));
    assertThat(mac.isClean()).isTrue();
    assertThat(mac.deviceOpen).isFalse();
  }

  @Test
  void theEmptyPlanRemovesEverythingAndTheNextOneComesBack() throws IOException {
    Interceptor.Session session = interceptor.open(mac);
    session.apply(first());
    session.apply(InterceptPlan.EMPTY);
    assertThat(mac.isClean()).isTrue();

    session.apply(first());
    assertThat(mac.anchor).isNotEmpty();
    assertThat(mac.tokens).hasSize(1);
    session.close();
    session.close();
    assertThat(mac.isClean()).isTrue();
  }

  @Test
  void whatAKilledRunHasLeftIsUndoneFromTheJournal() throws IOException {
    Interceptor.Session killed = interceptor.open(mac);
    killed.apply(first());
    killed.names(NAMES);

    mac.undoWhatIsNoted();
    assertThat(mac.isClean()).isTrue();
    assertThat(interceptor.recover(mac)).isEmpty();
  }

  @Test
  void whatHasAFixedNameIsRemovedWithoutAJournalToo() throws IOException {
    Interceptor.Session killed = interceptor.open(mac);
    killed.apply(first());
    killed.names(NAMES);

    assertThat(interceptor.recover(mac))
        .containsExactly(
            "pf anchor com.apple/teleproxy",
            "dynamic store " + DynamicStore.MATCH,
            "dynamic store " + DynamicStore.SEARCH);
    assertThat(mac.anchor).isEmpty();
    assertThat(mac.store).isEmpty();
    assertThat(interceptor.recover(mac)).isEmpty();
  }

  /** Tokens are addresses in the kernel: after a restart somebody else may have the same. */
  @Test
  void aTokenOfAnEarlierStartOfTheMachineIsNotGivenBack() throws IOException {
    interceptor.open(mac).apply(first());
    String somebodyElses = mac.tokens.iterator().next();
    mac.boot = "another";

    mac.undoWhatIsNoted();
    assertThat(mac.tokens).containsExactly(somebodyElses);
    assertThat(mac.noted).isEmpty();
  }

  @Test
  void whatCannotBeNotedIsNotDone() throws IOException {
    Interceptor.Session session = interceptor.open(mac);
    for (String what : List.of("note: pf rules", "note: pf enable token")) {
      mac.failing = what;
      assertThatThrownBy(() -> session.apply(first())).hasMessage("the disk is full");
      mac.failing = "";
      assertThat(mac.isClean()).isTrue();
    }
  }

  @Test
  void everyStepOfRemovalIsTakenThoughOneFails() throws IOException {
    Interceptor.Session session = interceptor.open(mac);
    session.apply(first());
    session.names(NAMES);
    mac.failing = "pfctl -a com.apple/teleproxy -F";

    assertThatThrownBy(session::close)
        .isInstanceOf(IOException.class)
        .hasMessage("pf rules in anchor com.apple/teleproxy: exit 1");
    assertThat(mac.tokens).isEmpty();
    assertThat(mac.store).isEmpty();
    assertThat(mac.deviceOpen).isFalse();
  }

  @Test
  void aPlanThatDoesNotLoadLeavesTheMachineAsItWas() throws IOException {
    Interceptor.Session session = interceptor.open(mac);
    mac.failing = "pfctl -E";
    assertThatThrownBy(() -> session.apply(first())).isInstanceOf(IOException.class);
    assertThat(mac.isClean()).isTrue();

    mac.failing = "";
    session.apply(first());
    String before = mac.anchor;
    mac.failing = "pfctl -a com.apple/teleproxy -f";
    assertThatThrownBy(() -> session.apply(plan(reject("tcp 10.0.0.9"))))
        .isInstanceOf(IOException.class);
    assertThat(mac.anchor).isEqualTo(before);
    mac.failing = "";
    session.close();
  }

  @Test
  void whatOthersUndoIsMadeGood() throws IOException {
    Interceptor.Session session = interceptor(Duration.ofMillis(20)).open(mac);
    session.apply(first());
    String rules = mac.anchor;
    synchronized (session) {
      mac.tokens.clear();
      mac.anchor = "";
      mac.skip = true;
    }

    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(
            () -> {
              synchronized (session) {
                assertThat(mac.anchor).isEqualTo(rules);
                assertThat(mac.tokens).hasSize(1);
                assertThat(mac.skip).isFalse();
              }
            });
    session.close();
    assertThat(mac.isClean()).isTrue();
  }

  @Test
  void takesBackTheSkipFlagOfLoopbackBeforeItRedirects() throws IOException {
    mac.skip = true;
    Interceptor.Session session = interceptor.open(mac);
    session.apply(first());
    assertThat(mac.transcript).contains("ioctl DIOCCLRIFFLAG");
    assertThat(mac.skip).isFalse();
    session.close();
  }

  @Test
  void asksPfForTheDestinationOfAConnectionByItsOwnTwoEnds() throws IOException {
    Interceptor.Session session = interceptor.open(mac);
    mac.answer = new byte[18];
    System.arraycopy(InetAddress.getByName("10.0.0.1").getAddress(), 0, mac.answer, 0, 4);
    mac.answer[17] = 80;
    Connection connection =
        new Connection(
            new InetSocketAddress("192.168.1.5", 51000), new InetSocketAddress("127.0.0.1", 15001));

    assertThat(session.originalDestination(connection))
        .contains(new InetSocketAddress("10.0.0.1", 80));
    assertThat(mac.asked[Natlook.SADDR]).isEqualTo((byte) 192);
    assertThat(mac.asked[Natlook.DADDR]).isEqualTo((byte) 127);

    mac.errno = PfDevice.ENOENT;
    assertThat(session.originalDestination(connection)).isEmpty();
    mac.errno = 1;
    assertThatThrownBy(() -> session.originalDestination(connection))
        .hasMessage("DIOCNATLOOK: EPERM, it is for root only");
    session.close();
  }

  @Test
  void isForRootOnly() {
    mac.privileged = false;
    assertThatThrownBy(() -> interceptor.recover(mac))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("by root only");
  }

  private record Connection(InetSocketAddress peer, InetSocketAddress local)
      implements Interceptor.AcceptedConnection {
    @Override
    public byte[] socketOption(int level, int name, int length) throws IOException {
      throw new IOException("no socket");
    }
  }
}
