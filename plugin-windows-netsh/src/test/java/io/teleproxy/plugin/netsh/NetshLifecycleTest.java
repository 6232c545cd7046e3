package io.teleproxy.plugin.netsh;

import static io.teleproxy.testkit.Plans.dns;
import static io.teleproxy.testkit.Plans.plan;
import static io.teleproxy.testkit.Plans.redirect;
import static io.teleproxy.testkit.Plans.reject;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.teleproxy.spi.AnsweredNames;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Interceptor.Capability;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A run from start to end, with the commands that it gives; complete ones are in golden/. */
class NetshLifecycleTest {
  private static final AnsweredNames NAMES =
      new AnsweredNames(
          List.of("cluster.local"), List.of("teleproxy"), List.of("default.svc.cluster.local"));

  private final Windows windows = new Windows();
  private final NetshInterceptor interceptor = new NetshInterceptor(windows, windows::loopback);

  private static InterceptPlan first() {
    return InterceptPlan.of(
        List.of(
            redirect("tcp 10.0.0.1 80,443", 15001),
            reject("tcp 10.0.0.1"),
            redirect("tcp fd00::1 80", 15001),
            redirect("tcp 127.254.254.254 80", 15003)),
        dns(15053, "192.168.1.1", "127.254.254.254"),
        List.of());
  }

  /** The relay needs addresses that are really there: tests have it listen on loopback alone. */
  @Test
  void aWholeLifeGivesTheseCommandsAndLeavesNothing() throws IOException {
    assertThat(interceptor.recover(windows)).isEmpty();
    Interceptor.Session session = interceptor.open(windows);
    InterceptPlan first =
        plan(
            redirect("tcp 10.0.0.1 80,443", 15001),
            reject("tcp 10.0.0.1"),
            redirect("tcp 127.254.254.254 80", 15003));
    session.apply(first);
    session.names(NAMES);
    session.apply(first);
    session.apply(plan(redirect("tcp fd00::2 80", 15001)));
    session.close();

    assertThat(windows.transcript()).isEqualTo(Golden.file("life.txt"));
    assertThat(windows.isClean()).isTrue();
  }

  /** Port 53 of our own address would be relayed; who runs this test may not listen there. */
  private static InterceptPlan withoutDatagrams(InterceptPlan plan) {
    return new InterceptPlan(plan.byDestination(), InterceptPlan.DnsCapture.NONE, plan.bridges());
  }

  @Test
  void anEndOfOursTellsWhereAConnectionWasGoing() throws IOException {
    Interceptor.Session session = interceptor.open(windows);
    session.apply(withoutDatagrams(first()));

    assertThat(session.arrivals()).hasSize(3);
    for (String[] expected :
        new String[][] {
          {"v4tov4 10.0.0.1/80", "10.0.0.1", "80"},
          {"v4tov4 10.0.0.1/443", "10.0.0.1", "443"},
          {"v6tov4 fd00:0:0:0:0:0:0:1/80", "fd00::1", "80"}
        }) {
      String[] to = windows.entries.get(expected[0]).split("/");
      assertThat(session.arrivals()).contains(Prefix.parseAddress(to[0]));
      assertThat(
              session.originalDestination(
                  new Connection(
                      new InetSocketAddress("127.0.0.1", 50000),
                      new InetSocketAddress(to[0], Integer.parseInt(to[1])))))
          .contains(new InetSocketAddress(expected[1], Integer.parseInt(expected[2])));
    }
    assertThat(
            session.originalDestination(
                new Connection(
                    new InetSocketAddress("127.0.0.1", 50000),
                    new InetSocketAddress("127.0.0.1", 15001))))
        .isEmpty();
    session.close();
  }

  @Test
  void aDestinationKeepsItsAddressFromPlanToPlan() throws IOException {
    Interceptor.Session session = interceptor.open(windows);
    session.apply(plan(redirect("tcp 10.0.0.1 80", 15001)));
    String before = windows.entries.get("v4tov4 10.0.0.1/80");
    session.apply(plan(redirect("tcp 10.0.0.1 80", 15001), redirect("tcp 10.0.0.0 80", 15001)));
    assertThat(windows.entries).containsEntry("v4tov4 10.0.0.1/80", before);

    session.apply(InterceptPlan.EMPTY);
    session.apply(plan(redirect("tcp 10.0.0.3 80", 15001)));
    assertThat(windows.entries.get("v4tov4 10.0.0.3/80")).isNotEqualTo(before);
    session.close();
    assertThat(windows.isClean()).isTrue();
  }

  @Test
  void theEmptyPlanRemovesEverything() throws IOException {
    Interceptor.Session session = interceptor.open(windows);
    session.apply(withoutDatagrams(first()));
    session.names(NAMES);
    session.apply(InterceptPlan.EMPTY);
    assertThat(windows.isClean()).isTrue();
    session.close();
  }

  @Test
  void whatAKilledRunHasLeftIsRemovedByTheNext() throws IOException {
    Interceptor.Session killed = interceptor.open(windows);
    killed.apply(withoutDatagrams(first()));
    killed.names(NAMES);

    windows.undoWhatIsNoted();
    assertThat(interceptor.recover(windows))
        .hasSize(5)
        .contains("2 rules of the name resolution policy table".replace("2 rules", "1 rules"));
    assertThat(windows.isClean()).isTrue();
    assertThat(interceptor.recover(windows)).isEmpty();
  }

  @Test
  void entriesAndAddressesOfOthersStay() throws IOException {
    windows.entries.put("v4tov4 0.0.0.0/2222", "172.20.0.2/22");
    windows.entries.put("v4tov6 10.9.9.9/80", "::1/80");
    windows.loopback.add(Prefix.parseAddress("10.0.0.1"));
    Interceptor.Session session = interceptor.open(windows);
    session.apply(withoutDatagrams(first()));
    session.close();
    assertThat(interceptor.recover(windows)).isEmpty();

    assertThat(windows.entries).containsOnlyKeys("v4tov4 0.0.0.0/2222", "v4tov6 10.9.9.9/80");
    assertThat(windows.loopback).contains(Prefix.parseAddress("10.0.0.1"));
    assertThat(windows.transcript()).doesNotContain(" reset");
  }

  @Test
  void doesNotTakeAnEntryFromSomebodyElse() throws IOException {
    windows.entries.put("v4tov4 10.0.0.1/80", "172.20.0.2/80");
    Interceptor.Session session = interceptor.open(windows);

    assertThatThrownBy(() -> session.apply(withoutDatagrams(first())))
        .hasMessageContaining("somebody else's for /10.0.0.1:80, to /172.20.0.2:80");
    session.close();
    assertThat(windows.entries).containsEntry("v4tov4 10.0.0.1/80", "172.20.0.2/80").hasSize(1);
    assertThat(windows.noted).isEmpty();
  }

  @Test
  void noticesWhatNetshDidNotDoThoughItSaidNothing() throws IOException {
    windows.ignoring = "listenport=443";
    Interceptor.Session session = interceptor.open(windows);

    assertThatThrownBy(() -> session.apply(withoutDatagrams(first())))
        .hasMessage("the port proxy did not take the entry for /10.0.0.1:443");
    assertThat(windows.isClean()).isTrue();
    windows.ignoring = "";
    session.apply(withoutDatagrams(first()));
    session.close();
    assertThat(windows.isClean()).isTrue();
  }

  @Test
  void whatRunsBesideIsPutBackIntoTheSuffixes() throws IOException {
    Interceptor.Session session = interceptor.open(windows);
    session.apply(withoutDatagrams(first()));
    session.names(NAMES);
    assertThat(windows.suffixes).containsExactly("default.svc.cluster.local", "firma.example");
    assertThat(windows.rules)
        .containsExactly(
            "@('.default.svc.cluster.local','default.svc.cluster.local','.cluster.local',"
                + "'cluster.local','teleproxy') 127.254.254.254");
    session.names(new AnsweredNames(List.of(), List.of(), List.of("shop.svc.cluster.local")));
    assertThat(windows.suffixes).containsExactly("shop.svc.cluster.local", "firma.example");
    session.close();
    assertThat(windows.isClean()).isTrue();
  }

  @Test
  void appliesToAnAdministratorsWindowsInAnyLanguage() {
    assertThat(interceptor.probe(windows)).isEqualTo(Probe.applicable(100, "port proxy"));
    assertThat(interceptor.capabilities())
        .contains(Capability.TCP, Capability.UDP, Capability.ORIGINAL_DESTINATION)
        .doesNotContain(Capability.CIDR, Capability.OWNER_CLEANUP);
    windows.groupPolicy = true;
    assertThat(interceptor.probe(windows))
        .isEqualTo(
            Probe.applicable(
                100, "port proxy, names by address only: a group policy rules name resolution"));
  }

  @Test
  void saysWhatIsMissing() {
    windows.serviceRuns = false;
    assertNot(
        "the service iphlpsvc (IP Helper), which is the port proxy, does not run", "sc.exe start");
    windows.privileged = false;
    assertNot(
        "addresses and the port proxy may be changed by administrators only",
        "Run as administrator");
    assertThatThrownBy(() -> interceptor.recover(windows)).isInstanceOf(UserException.class);
    windows.os = "linux";
    assertNot("netsh is part of Windows, this is linux", "");
  }

  private void assertNot(String reason, String remedy) {
    assertThat(interceptor.probe(windows))
        .isInstanceOfSatisfying(
            Probe.NotApplicable.class,
            not -> {
              assertThat(not.reason()).isEqualTo(reason);
              assertThat(not.remedy()).contains(remedy);
            });
  }

  private record Connection(InetSocketAddress peer, InetSocketAddress local)
      implements Interceptor.AcceptedConnection {
    @Override
    public byte[] socketOption(int level, int name, int length) throws IOException {
      throw new IOException("no socket");
    }
  }
}
