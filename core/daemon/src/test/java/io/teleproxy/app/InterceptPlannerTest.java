package io.teleproxy.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.DnsCapture;
import io.teleproxy.spi.InterceptPlan.Match;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.Table.Part;
import io.teleproxy.spi.TrieMap;
import io.teleproxy.tables.TableStore;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InterceptPlannerTest {
  private static final int PROXY = 4000;
  private static final LocalPorts UDP =
      new LocalPorts(Map.of("10.0.0.1:80", 5000, "10.0.0.2:81", 5001));

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void changesLeadToThePlanThatIsMadeFromNothing(long seed) {
    Random random = new Random(seed);
    TableStore store = new TableStore();
    store.put(Bootstrap.table(9000));
    InterceptPlanner planner = new InterceptPlanner(PROXY, UDP, false);
    Map<String, Table> tables = new HashMap<>();
    InterceptPlan before = InterceptPlan.EMPTY;
    for (int step = 0; step < 300; step++) {
      String name = "t" + random.nextInt(3);
      if (random.nextInt(10) == 0) {
        tables.remove(name);
        store.remove(name);
      } else {
        Table table = tables.getOrDefault(name, new Table(name, List.of()));
        TrieMap<String, Part> parts = table.parts();
        String key = "part" + random.nextInt(6);
        parts = random.nextInt(3) == 0 ? parts.without(key) : parts.with(key, part(random));
        tables.put(name, table.with(parts));
        store.put(table.with(parts));
      }
      InterceptPlan plan = planner.plan(store.latest(), DnsCapture.NONE, List.of());
      InterceptPlan anew =
          new InterceptPlanner(PROXY, UDP, false).plan(store.latest(), DnsCapture.NONE, List.of());

      assertThat(plan).isEqualTo(anew);
      assertThat(plan.rules()).isSorted();
      InterceptPlan union = InterceptPlans.union(before, plan);
      assertThat(union).isEqualTo(slowUnion(before, plan));
      before = plan;
    }
  }

  private static InterceptPlan slowUnion(InterceptPlan old, InterceptPlan next) {
    Set<Match> matches = new HashSet<>();
    next.rules().forEach(rule -> matches.add(rule.match()));
    List<Rule> rules = new ArrayList<>(next.rules());
    old.rules().stream().filter(rule -> !matches.contains(rule.match())).forEach(rules::add);
    return InterceptPlan.of(rules, next.dns(), next.bridges());
  }

  private static Part part(Random random) {
    List<Route> routes = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      String[] prefixes = {"/32", "/32", "/32", "/31", "/1", "/0"};
      Prefix ip = Prefix.parse("10.0.0." + random.nextInt(6) + prefixes[random.nextInt(6)]);
      Protocol protocol = random.nextBoolean() ? Protocol.TCP : Protocol.UDP;
      Ports ports = random.nextBoolean() ? Ports.ALL : Ports.of(80 + random.nextInt(3));
      routes.add(
          random.nextBoolean()
              ? Route.reject("", protocol, ip, ports)
              : Route.divert("", protocol, ip, ports, 1000));
    }
    return new Part(routes, List.of());
  }
}
