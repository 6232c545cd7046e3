package io.teleproxy.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.Match;
import io.teleproxy.spi.InterceptPlan.Redirect;
import io.teleproxy.spi.InterceptPlan.Reject;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.tables.TableStore;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class InterceptPlansTest {
  private static final int PROXY = 4000;

  private final TableStore store = new TableStore();

  @Test
  void divertedTcpGoesToTheProxyAndOurOwnNameToTheApi() {
    store.put(Bootstrap.table(9000));
    store.put(table(Route.divert("", Protocol.TCP, Prefix.parse("10.0.0.1"), Ports.of(80), 1080)));
    assertThat(plan().rules())
        .containsExactly(
            new Redirect(match("10.0.0.1", "80"), PROXY),
            new Redirect(match("127.254.254.254", "80"), 9000));
  }

  @Test
  void eachUdpDestinationHasALocalPortOfItsOwn() {
    store.put(table(udp("10.0.0.1", "53,4000-4001")));
    assertThat(plan(Map.of("10.0.0.1:53", 20053, "10.0.0.1:4000", 20054)).rules())
        .containsExactly(
            new Redirect(datagrams("10.0.0.1", "53"), 20053),
            new Redirect(datagrams("10.0.0.1", "4000"), 20054),
            new Reject(datagrams("10.0.0.1", "4001")));
  }

  @Test
  void udpThatCannotBeCarriedIsRefusedRatherThanSwallowed() {
    LocalPorts none = new LocalPorts(Map.of());
    store.put(
        new Table(
            "t", List.of(udp("10.0.0.1", "53"), udp("10.0.0.2", ""), udp("10.0.1.0/24", "53"))));
    assertThat(plan(none).rules()).hasSize(3).allMatch(rule -> rule instanceof Reject);
    assertThat(none.refused()).containsExactly(udp("10.0.0.2", ""), udp("10.0.1.0/24", "53"));
  }

  @Test
  void aWidePrefixLeavesLoopbackAlone() {
    store.put(table(Route.divert("", Protocol.TCP, Prefix.parse("0.0.0.0/0"), Ports.ALL, 1080)));
    assertThat(plan().rules())
        .hasSize(8)
        .noneMatch(rule -> rule.match().to().contains(Prefix.parseAddress("127.0.0.1")))
        .anyMatch(rule -> rule.match().to().contains(Prefix.parseAddress("126.0.0.1")));
  }

  @Test
  void theUnionKeepsWhatOnlyTheOldPlanHad() {
    store.put(table(Route.divert("", Protocol.TCP, Prefix.parse("10.0.0.1"), Ports.of(80), 1080)));
    InterceptPlan old = plan();
    store.put(table(Route.reject("", Protocol.TCP, Prefix.parse("10.0.0.1"), Ports.of(80))));
    assertThat(InterceptPlans.union(old, plan())).isEqualTo(plan());
    store.put(table(Route.divert("", Protocol.TCP, Prefix.parse("10.0.0.2"), Ports.of(80), 1080)));
    assertThat(InterceptPlans.union(old, plan()).rules())
        .containsExactly(
            new Redirect(match("10.0.0.1", "80"), PROXY),
            new Redirect(match("10.0.0.2", "80"), PROXY));
  }

  private InterceptPlan plan() {
    return plan(LocalPorts.NONE);
  }

  private InterceptPlan plan(Map<String, Integer> udpPorts) {
    return plan(new LocalPorts(udpPorts));
  }

  private InterceptPlan plan(LocalPorts udp) {
    return new InterceptPlanner(PROXY, udp, false)
        .plan(store.latest(), InterceptPlan.DnsCapture.NONE, List.of());
  }

  private static Route udp(String ip, String ports) {
    return Route.divert("", Protocol.UDP, Prefix.parse(ip), Ports.parse(ports), 1080);
  }

  private static Match datagrams(String ip, String ports) {
    return new Match(Protocol.UDP, Prefix.parse(ip), Ports.parse(ports));
  }

  private static Table table(Route route) {
    return new Table("t", List.of(route));
  }

  private static Match match(String ip, String ports) {
    return new Match(Protocol.TCP, Prefix.parse(ip), Ports.parse(ports));
  }
}
