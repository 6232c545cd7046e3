package io.teleproxy.plugin.nftables;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.DnsCapture;
import io.teleproxy.spi.InterceptPlan.Match;
import io.teleproxy.spi.InterceptPlan.Redirect;
import io.teleproxy.spi.InterceptPlan.Reject;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ElementChangeTest {
  private static final Rule WIDE = reject(Protocol.TCP, "10.0.0.0/8", Ports.ALL);

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void saysWhatComparingWholeRulesetsSays(long seed) {
    Random random = new Random(seed);
    int compared = 0;
    for (int step = 0; step < 500; step++) {
      List<Rule> always = random.nextBoolean() ? List.of(WIDE) : List.of();
      InterceptPlan before = plan(random, always);
      InterceptPlan after = plan(random, always);
      Ruleset old = Ruleset.of(before, 7);
      Ruleset now = Ruleset.of(after, 7);

      Optional<NftScript> change = ElementChange.between("t", before, after, old.rejecting);

      if (change.isPresent()) {
        compared++;
        assertThat(changes(change.get())).isEqualTo(changes(NftScript.change("t", old, now)));
      } else {
        assertThat(before.toString() + after).contains("100-200");
      }
    }
    assertThat(compared).isGreaterThan(100);
  }

  @Test
  void otherChangesAreNotItsAffair() {
    InterceptPlan before = InterceptPlan.of(List.of(), DnsCapture.NONE, List.of());

    InterceptPlan prefixes = InterceptPlan.of(List.of(WIDE), DnsCapture.NONE, List.of());
    InterceptPlan bridges = InterceptPlan.of(List.of(), DnsCapture.NONE, List.of("br0"));
    DnsCapture capture = new DnsCapture(List.of(Prefix.parseAddress("192.0.2.1")), 53);
    InterceptPlan nameservers = InterceptPlan.of(List.of(), capture, List.of());

    for (InterceptPlan after : List.of(prefixes, bridges, nameservers)) {
      assertThat(ElementChange.between("t", before, after, java.util.Set.of())).isEmpty();
    }
  }

  private static InterceptPlan plan(Random random, List<Rule> always) {
    List<Rule> rules = new ArrayList<>(always);
    for (int i = random.nextInt(8); i > 0; i--) {
      String ip =
          random.nextInt(4) == 0 ? "fd00::" + random.nextInt(3) : "10.0.0." + random.nextInt(4);
      Protocol protocol = random.nextBoolean() ? Protocol.TCP : Protocol.UDP;
      Ports ports =
          switch (random.nextInt(12)) {
            case 0 -> Ports.parse("100-200");
            case 1, 2, 3 -> Ports.ALL;
            case 4, 5 -> Ports.parse("80-82,443");
            default -> Ports.of(80 + random.nextInt(4));
          };
      rules.add(
          random.nextBoolean()
              ? reject(protocol, ip, ports)
              : new Redirect(
                  new Match(protocol, Prefix.parse(ip), ports), 4000 + random.nextInt(2)));
    }
    return InterceptPlan.of(rules, DnsCapture.NONE, List.of());
  }

  private static Rule reject(Protocol protocol, String ip, Ports ports) {
    return new Reject(new Match(protocol, Prefix.parse(ip), ports));
  }

  /** {@code add map element} or {@code delete map element}, an entry for each element. */
  private static TreeSet<String> changes(NftScript script) {
    TreeSet<String> changes = new TreeSet<>();
    for (String statement : script.statements()) {
      String[] parts = statement.split(" \\{ | \\}");
      for (String element : parts[1].split(", ")) {
        changes.add(parts[0] + " " + element);
      }
    }
    return changes;
  }
}
