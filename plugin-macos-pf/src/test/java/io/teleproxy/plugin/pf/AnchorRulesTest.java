package io.teleproxy.plugin.pf;

import static io.teleproxy.testkit.Plans.bridged;
import static io.teleproxy.testkit.Plans.dns;
import static io.teleproxy.testkit.Plans.plan;
import static io.teleproxy.testkit.Plans.redirect;
import static io.teleproxy.testkit.Plans.reject;
import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.InterceptPlan;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Plan to text; complete texts are in golden/. */
class AnchorRulesTest {
  static final InterceptPlan EVERYTHING =
      InterceptPlan.of(
          List.of(
              redirect("tcp 10.0.0.1 80", 15001),
              redirect("tcp 10.0.0.1 443,8000-8010", 15001),
              redirect("udp 10.0.0.1 7", 15007),
              reject("tcp 10.0.0.1"),
              reject("udp 10.0.0.1"),
              redirect("tcp 10.0.0.2", 15001),
              redirect("tcp 10.0.0.0/24", 15002),
              reject("tcp 10.9.0.0/16"),
              redirect("tcp 127.254.254.254 80", 15003),
              redirect("tcp fd00::1 80", 15001),
              reject("tcp fd00::1"),
              redirect("udp fd00::1 53", 15008)),
          dns(15053, "192.168.1.1", "127.254.254.254", "2001:db8::53", "fe80::1"),
          List.of());

  @Test
  void writesEveryKindOfRule() throws IOException {
    assertThat(AnchorRules.of(EVERYTHING, 777)).isEqualTo(Golden.file("everything.pf"));
  }

  @Test
  void saysNothingThatPfWouldNotUnderstand() {
    assertThat(PfGrammar.complaint(AnchorRules.of(EVERYTHING, 777))).isEmpty();
  }

  /** What pfctl refuses, the check of this test must refuse, too. */
  @Test
  void aCheckThatFindsNothingWouldBeWorthless() {
    String good =
        "rdr pass on lo0 inet proto tcp from ! 127.0.0.1 to 10.0.0.1 -> 127.0.0.1 port 1\n";
    String pass = "pass out quick route-to lo0 inet proto tcp from any to 10.0.0.1 keep state\n";

    assertThat(PfGrammar.complaint(good + pass)).isEmpty();
    assertThat(PfGrammar.complaint(pass + good)).contains("must be in order");
    assertThat(PfGrammar.complaint(good + pass.strip())).contains("no end");
    assertThat(PfGrammar.complaint(good.replace("\n", "\r\n"))).isNotEmpty();
    assertThat(PfGrammar.complaint(good.replace("to 10.0.0.1", "to 10.0.0.1 port 80,443")))
        .isNotEmpty();
    assertThat(PfGrammar.complaint(good.replace("10.0.0.1", "example.org"))).isNotEmpty();
    assertThat(PfGrammar.complaint(good.replace("to 10.0.0.1", "to fd00::1"))).contains("family");
    assertThat(PfGrammar.complaint(good.replace("-> 127", "group 7 -> 127"))).isNotEmpty();
    assertThat(PfGrammar.complaint(pass.replace("keep state", "group nobody"))).isNotEmpty();
  }

  @Test
  void isEmptyForAPlanThatLeavesEverythingAlone() {
    assertThat(AnchorRules.of(InterceptPlan.EMPTY, 777)).isEmpty();
    assertThat(AnchorRules.of(bridged(List.of("bridge100")), 777)).isEmpty();
  }

  @Test
  void endsItsLastLine() {
    assertThat(AnchorRules.of(plan(reject("tcp 10.0.0.1")), 777)).endsWith("\n");
  }

  @Test
  void exemptsOurOwnGroupBeforeAnythingIsTurnedAround() {
    List<String> lines = AnchorRules.of(EVERYTHING, 777).lines().toList();
    int exemption =
        lines.indexOf("pass out quick proto { tcp, udp } from any to <teleproxy> group 777");

    assertThat(exemption).isPositive();
    assertThat(lines.subList(0, exemption))
        .noneMatch(line -> line.startsWith("pass") || line.startsWith("block"));
    assertThat(lines.subList(exemption + 1, lines.size()))
        .noneMatch(line -> line.startsWith("rdr") || line.startsWith("table"));
  }

  @Test
  void neverRedirectsWhatComesFromTheListenerItself() {
    assertThat(AnchorRules.of(EVERYTHING, 777).lines().filter(line -> line.startsWith("rdr")))
        .allMatch(
            line ->
                line.contains("from ! 127.0.0.1 to ")
                    || line.contains("from ! ::1 to ")
                    || line.contains("from any to 127.254.254.254 "));
  }

  @Test
  void leavesOutLinkLocalAddressesWhichMeanNothingWithoutAnInterface() {
    assertThat(AnchorRules.of(EVERYTHING, 777)).doesNotContain("fe80");
  }
}
