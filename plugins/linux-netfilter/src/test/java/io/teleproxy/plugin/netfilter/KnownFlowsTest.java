package io.teleproxy.plugin.netfilter;

import static io.teleproxy.testkit.Plans.bridged;
import static io.teleproxy.testkit.Plans.dns;
import static io.teleproxy.testkit.Plans.plan;
import static io.teleproxy.testkit.Plans.redirect;
import static io.teleproxy.testkit.Plans.reject;
import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.process.CommandRunner;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class KnownFlowsTest {
  private static final String LISTING =
      """
      udp      17 22 src=10.9.0.1 dst=10.1.0.1 sport=40000 dport=53 [UNREPLIED] src=127.0.0.1 dst=10.9.0.1 sport=15001 dport=40000 mark=0 use=1
      udp      17 170 src=10.9.0.1 dst=10.1.0.1 sport=40001 dport=53 src=127.0.0.1 dst=10.9.0.1 sport=15001 dport=40001 [ASSURED] mark=0 use=1
      udp      17 22 src=10.9.0.1 dst=10.1.0.1 sport=40002 dport=9 src=10.1.0.1 dst=10.9.0.1 sport=9 dport=40002 mark=0 use=1
      udp      17 22 src=10.9.0.1 dst=10.2.0.7 sport=40002 dport=53 src=10.2.0.7 dst=10.9.0.1 sport=53 dport=40002 mark=0 use=1
      """;

  private final List<String> commands = new ArrayList<>();
  private String listing = LISTING;

  @Test
  void forgetsTheFlowsOfRulesThatCameOrWentOrChanged() {
    flows("/sbin/conntrack")
        .forget(
            plan(redirect("udp 10.1.0.1 53", 15001), reject("udp 10.2.0.0/16")),
            plan(redirect("udp 10.1.0.1 53", 15002), reject("udp 10.2.0.0/16")));
    assertThat(commands)
        .containsExactly(
            "/sbin/conntrack -L -f ipv4 -p udp",
            "/sbin/conntrack -D -f ipv4 -p udp --orig-dst 10.1.0.1 --orig-port-dst 53"
                + " --reply-port-src 15001",
            "/sbin/conntrack -L -f ipv4 -p udp");
  }

  @Test
  void forgetsWhatAnAnswerUnderWayHasMadeAnew() {
    listing =
        "udp 17 120 src=10.1.0.1 dst=10.9.0.1 sport=53 dport=40000 src=10.9.0.1 dst=10.1.0.1"
            + " sport=40000 dport=53 [ASSURED] mark=0 use=1";
    flows("conntrack").forget(InterceptPlan.EMPTY, plan(redirect("udp 10.1.0.1 53", 15001)));
    String deletion = "conntrack -D -f ipv4 -p udp --orig-src 10.1.0.1 --orig-port-src 53";
    assertThat(commands).filteredOn(deletion::equals).hasSize(4);
  }

  @Test
  void knowsPrefixesAndBothFamilies() {
    flows("conntrack").forget(InterceptPlan.EMPTY, plan(reject("udp 10.0.0.0/8 9,53")));
    assertThat(commands).filteredOn(command -> command.contains("-D")).hasSize(3);
    commands.clear();
    flows("conntrack").forget(plan(redirect("udp fd00::1 9", 15001)), InterceptPlan.EMPTY);
    assertThat(commands).containsExactly("conntrack -L -f ipv6 -p udp");
  }

  @Test
  void forgetsQueriesWhenTheirCaptureBeginsOrEnds() {
    InterceptPlan captured = InterceptPlan.of(List.of(), dns(15053, "10.2.0.7"), List.of());
    flows("conntrack").forget(InterceptPlan.EMPTY, captured);
    listing = listing.replace("sport=53 dport=40002", "sport=15053 dport=40002");
    flows("conntrack").forget(captured, InterceptPlan.EMPTY);
    String deletion =
        "conntrack -D -f ipv4 -p udp --orig-dst 10.2.0.7 --orig-port-dst 53 --reply-port-src ";
    assertThat(commands)
        .containsExactly(
            "conntrack -L -f ipv4 -p udp",
            deletion + 53,
            "conntrack -L -f ipv4 -p udp",
            "conntrack -L -f ipv4 -p udp",
            deletion + 15053,
            "conntrack -L -f ipv4 -p udp");
  }

  @Test
  void keepsAQueryUnderWayWhoseSenderIsAmongTheAddressesOfAPlan() {
    listing =
        "udp 17 29 src=10.2.0.1 dst=10.2.0.7 sport=40002 dport=53 src=10.2.0.7 dst=10.2.0.1"
            + " sport=15053 dport=40002 mark=0 use=1";
    InterceptPlan captured =
        InterceptPlan.of(List.of(reject("udp 10.2.0.0/16")), dns(15053, "10.2.0.7"), List.of());
    flows("conntrack").forget(InterceptPlan.EMPTY, captured);
    assertThat(commands).containsExactly("conntrack -L -f ipv4 -p udp");
  }

  @Test
  void keepsFlowsThatGoTheNewWayAlready() {
    InterceptPlan captured = InterceptPlan.of(List.of(), dns(15053, "10.2.0.7"), List.of());
    flows("conntrack").forget(captured, InterceptPlan.EMPTY);
    flows("conntrack").forget(InterceptPlan.EMPTY, plan(redirect("udp 10.1.0.1 53", 15001)));
    listing = listing.replace("sport=53 dport=40002", "sport=15053 dport=40002");
    flows("conntrack").forget(InterceptPlan.EMPTY, captured);
    assertThat(commands).hasSize(3).allMatch("conntrack -L -f ipv4 -p udp"::equals);
  }

  @Test
  void forgetsEverythingOfABridgeThatComesOrGoes() {
    flows("conntrack")
        .forget(
            plan(redirect("udp 10.1.0.1 9", 15001)),
            bridged(List.of("br0"), redirect("udp 10.1.0.1 9", 15001)));
    assertThat(commands)
        .contains(
            "conntrack -D -f ipv4 -p udp --orig-dst 10.1.0.1 --orig-port-dst 9 --reply-port-src 9");
  }

  @Test
  void doesNothingWhereNothingOfUdpChangesOrConntrackIsNotInstalled() {
    flows("conntrack")
        .forget(
            plan(redirect("udp 10.1.0.1 53", 15001)),
            plan(redirect("udp 10.1.0.1 53", 15001), redirect("tcp 10.1.0.1 53", 15001)));
    flows("").forget(InterceptPlan.EMPTY, plan(reject("udp 10.1.0.1")));
    assertThat(commands).isEmpty();
  }

  @Test
  void aFailureIsNobodysProblem() {
    new KnownFlows(
            (command, input) -> {
              throw new IOException("timed out");
            },
            "conntrack")
        .forget(InterceptPlan.EMPTY, plan(reject("udp 10.1.0.1")));
  }

  private KnownFlows flows(String conntrack) {
    return new KnownFlows(
        (command, input) -> {
          commands.add(String.join(" ", command));
          boolean listed = command.contains("ipv4") && command.contains("-L");
          return new CommandRunner.Outcome(0, listed ? listing : "", "");
        },
        conntrack);
  }
}
