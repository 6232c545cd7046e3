package io.teleproxy.plugin.nftables;

import static io.teleproxy.testkit.Plans.dns;
import static io.teleproxy.testkit.Plans.plan;
import static io.teleproxy.testkit.Plans.redirect;
import static io.teleproxy.testkit.Plans.reject;
import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.InterceptPlan;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Plans and the complete transactions for them, which lie in {@code golden}. */
class NftScriptTest {
  private static final InterceptPlan EVERYTHING =
      InterceptPlan.of(
          List.of(
              redirect("tcp 10.0.0.1 80,443", 15001),
              reject("tcp 10.0.0.1"),
              redirect("udp 10.0.0.1 53", 15001),
              redirect("tcp 10.0.0.2", 15002),
              redirect("tcp 10.0.0.3 1000-2000,3000", 15002),
              reject("tcp 10.0.0.3 1500-1600"),
              redirect("tcp 10.1.0.0/16 80-90", 15001),
              reject("tcp 10.1.0.0/16 85-95"),
              redirect("udp 10.1.0.0/16", 15001),
              redirect("tcp 10.0.0.0/8", 15003),
              redirect("tcp fd00::1 80", 15001),
              reject("udp fd00::1"),
              redirect("tcp fd00::/64", 15001)),
          dns(15053, "10.0.0.10", "127.0.0.53", "fd00::53"),
          List.of("br0", "docker0"));

  @Test
  void makesEverything() throws IOException {
    assertThat(text(NftScript.declare("teleproxy"))).isEqualTo(golden("declared"));
    StringBuilder filled = new StringBuilder();
    for (NftScript transaction : NftScript.fill("teleproxy", Ruleset.of(EVERYTHING, 7777))) {
      filled.append(text(transaction));
    }
    assertThat(filled.toString()).isEqualTo(golden("everything"));
  }

  @Test
  void changesOneElementForOneAddress() throws IOException {
    InterceptPlan before =
        plan(
            redirect("tcp 10.0.0.1 80", 15001),
            redirect("tcp 10.0.0.2 80", 15001),
            reject("tcp 10.0.0.2"));
    InterceptPlan after =
        plan(
            redirect("tcp 10.0.0.2 80", 15002),
            reject("tcp 10.0.0.2"),
            redirect("tcp 10.0.0.3 80", 15001));

    assertThat(text(change(before, after))).isEqualTo(golden("one-element"));
  }

  @Test
  void rewritesOnlyTheChainsThatChange() throws IOException {
    InterceptPlan before = plan(redirect("tcp 10.0.0.1 80", 15001));
    InterceptPlan after =
        InterceptPlan.of(
            List.of(redirect("tcp 10.0.0.1 80", 15001), redirect("tcp 10.0.0.0/8", 15001)),
            dns(15053, "10.0.0.10"),
            List.of("br0"));

    assertThat(text(change(before, after))).isEqualTo(golden("chains"));
    assertThat(text(change(after, before))).isEqualTo(golden("chains-back"));
  }

  @Test
  void saysNothingForTheSamePlan() {
    InterceptPlan plan = plan(redirect("tcp 10.0.0.1 80", 15001));

    assertThat(change(plan, plan).isEmpty()).isTrue();
  }

  @Test
  void refreshesNameserversOnly() {
    assertThat(NftScript.refresh("teleproxy", Ruleset.of(EVERYTHING, 1)).statements())
        .containsExactly(
            "flush set inet teleproxy dns4",
            "add element inet teleproxy dns4 { 10.0.0.10 timeout 8s, 127.0.0.53 timeout 8s }",
            "flush set inet teleproxy dns6",
            "add element inet teleproxy dns6 { fd00:0:0:0:0:0:0:53 timeout 8s }");
  }

  @Test
  void leavesOutPassesThatNoRejectFollows() {
    assertThat(
            Ruleset.of(plan(redirect("tcp 10.0.0.1 80", 15001), reject("tcp 10.0.0.2 80")), 1)
                .elements
                .get("reject_ports4"))
        .containsOnlyKeys("10.0.0.2 . tcp . 80");
  }

  private static NftScript change(InterceptPlan before, InterceptPlan after) {
    return NftScript.change("teleproxy", Ruleset.of(before, 1), Ruleset.of(after, 1));
  }

  private static String text(NftScript script) {
    return String.join("\n", script.statements()) + "\n";
  }

  private static String golden(String name) throws IOException {
    try (InputStream stream =
        Objects.requireNonNull(
            NftScriptTest.class.getResourceAsStream("/golden/" + name + ".nft"), name)) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
