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
  void udpIsRefusedRatherThanSwallowed() {
    store.put(table(Route.divert("", Protocol.UDP, Prefix.parse("10.0.0.1"), Ports.of(53), 1080)));
    assertThat(plan().rules()).allMatch(rule -> rule instanceof Reject);
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
    return InterceptPlans.of(store.latest(), PROXY, InterceptPlan.DnsCapture.NONE, List.of());
  }

  private static Table table(Route route) {
    return new Table("t", List.of(route));
  }

  private static Match match(String ip, String ports) {
    return new Match(Protocol.TCP, Prefix.parse(ip), Ports.parse(ports));
  }
}
