package io.teleproxy.plugin.iptables;

import static io.teleproxy.testkit.Plans.bridged;
import static io.teleproxy.testkit.Plans.dns;
import static io.teleproxy.testkit.Plans.plan;
import static io.teleproxy.testkit.Plans.redirect;
import static io.teleproxy.testkit.Plans.reject;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.teleproxy.spi.InterceptPlan;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Plan to script, and scripts that repair and remove; complete scripts are in golden/. */
class RestoreScriptTest {
  private static final long GID = 777;

  private static final InterceptPlan EVERYTHING =
      InterceptPlan.of(
          List.of(
              redirect("tcp 10.0.0.1 80", 15001),
              redirect("tcp 10.0.0.1 443,8000-8010", 15001),
              redirect("udp 10.0.0.1 7", 15007),
              reject("tcp 10.0.0.1"),
              reject("udp 10.0.0.1"),
              redirect("tcp 10.0.0.2", 15001),
              reject("tcp 10.0.0.3"),
              redirect("tcp 10.0.0.0/24", 15002),
              reject("tcp 10.9.0.0/16"),
              redirect("tcp 127.254.254.254 80", 15003),
              redirect("tcp fd00::1 80", 15001),
              reject("tcp fd00::1"),
              reject("udp fd00::1"),
              redirect("udp fd00::/64", 15007)),
          dns(15053, "192.168.1.1", "127.0.0.53", "fe80::1"),
          List.of("docker0", "br-1a2b"));

  @Test
  void writesEveryKindOfRuleForIpv4() throws IOException {
    assertThat(fresh(EVERYTHING, Family.IPV4)).isEqualTo(golden("everything-ipv4"));
  }

  @Test
  void writesEveryKindOfRuleForIpv6() throws IOException {
    assertThat(fresh(EVERYTHING, Family.IPV6)).isEqualTo(golden("everything-ipv6"));
  }

  @Test
  void splitsLongPortListsByTheKernelsLimitOfFifteen() throws IOException {
    InterceptPlan plan =
        plan(
            redirect("tcp 10.0.0.1 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29-31,33", 15001),
            redirect("tcp 10.0.0.2 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31", 15001));

    assertThat(fresh(plan, Family.IPV4)).isEqualTo(golden("long-port-lists"));
  }

  @Test
  void leavesTheDestinationOutForThePrefixOfEverything() throws IOException {
    InterceptPlan plan = plan(redirect("tcp 0.0.0.0/0 80", 15001), reject("tcp 0.0.0.0/0 81"));

    assertThat(fresh(plan, Family.IPV4)).isEqualTo(golden("every-address"));
  }

  @Test
  void hasNothingForAFamilyThatThePlanDoesNotNeed() {
    assertThat(PlanRules.of(plan(redirect("tcp 10.0.0.1 80", 1)), Family.IPV6, GID)).isEmpty();
    assertThat(PlanRules.of(InterceptPlan.EMPTY, Family.IPV4, GID)).isEmpty();
    assertThat(PlanRules.of(bridged(List.of("docker0")), Family.IPV4, GID)).isEmpty();
  }

  @Test
  void returnsInNatOnlyForRejectsThatALaterRedirectWouldTake() {
    InterceptPlan plan =
        plan(
            reject("tcp 10.0.0.1"),
            reject("udp 10.0.0.1"),
            reject("tcp 10.1.0.1"),
            redirect("tcp 10.0.0.0/24", 15001));

    TableRules nat = PlanRules.of(plan, Family.IPV4, GID).get(0);

    assertThat(nat.chains().get(0).rules())
        .containsExactly(
            "-d 10.0.0.1/32 -p tcp -j RETURN",
            "-d 10.0.0.0/24 -p tcp -j REDIRECT --to-ports 15001");
  }

  @Test
  void refusesBridgeNamesThatWouldBeMoreThanAName() {
    for (String name : List.of("", "br+", "a b", "a\nb", "sixteen-letters-x", "\"q\"")) {
      InterceptPlan plan = bridged(List.of(name), redirect("tcp 10.0.0.1 80", 1));
      assertThatThrownBy(() -> PlanRules.of(plan, Family.IPV4, GID))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("expected: the name of a network interface");
    }
  }

  @Test
  void isEmptyWhenAllIsThere() {
    String saved = saved("-A OUTPUT -j TELEPROXY-OUTPUT\n-A OUTPUT -j FOREIGN\n");

    assertThat(update(saved)).isEmpty();
  }

  @Test
  void movesJumpsBackToTheHead() throws IOException {
    String saved = saved("-A OUTPUT -j FOREIGN\n-A OUTPUT -j TELEPROXY-OUTPUT\n");

    assertThat(update(saved)).isEqualTo(golden("jump-not-at-head"));
  }

  @Test
  void leavesOneOfManyJumps() throws IOException {
    String jump = "-A OUTPUT -j TELEPROXY-OUTPUT\n";

    assertThat(update(saved(jump + jump + "-A OUTPUT -p tcp -g TELEPROXY\n")))
        .isEqualTo(golden("many-jumps"));
  }

  @Test
  void repairsAChainThatSomebodyHasChangedAndDeletesThoseOfOtherVersions() throws IOException {
    String saved =
        saved("-A OUTPUT -j TELEPROXY-OUTPUT\n")
            .replace("--to-ports 15001", "--to-ports 15002")
            .replace(":TELEPROXY -", ":TELEPROXY-V0 - [0:0]\n:TELEPROXY -");

    assertThat(update(saved)).isEqualTo(golden("changed-chain"));
  }

  @Test
  void takesOtherVersionsWordingOfARuleForTheSame() {
    String saved =
        saved("-A OUTPUT -j TELEPROXY-OUTPUT\n")
            .replace("-m tcp --dport 80 -j", "--dport 80 -j")
            .replace("--gid-owner 777", "! --uid-owner 0 --gid-owner 777");

    assertThat(update(saved)).isEmpty();
  }

  @Test
  void marksBuiltInChainsThatOnlyItNeeds() {
    NftChains there =
        NftChains.parse(
            "table ip nat {\n\tchain PREROUTING {\n\t\ttype nat hook prerouting priority -100;\n\t}\n}\n");
    SavedRules saved =
        SavedRules.parse("*nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n");
    InterceptPlan plan = bridged(List.of("docker0"), redirect("tcp 10.0.0.1 80", 15001));
    List<TableRules> wanted = PlanRules.of(plan, Family.IPV4, GID);

    assertThat(RestoreScript.between(saved, wanted, there).lines())
        .contains(":TELEPROXY-CREATED-OUTPUT - [0:0]")
        .noneMatch(line -> line.contains("CREATED-PREROUTING"))
        .noneMatch(line -> line.startsWith(":TELEPROXY-CREATED "));
    assertThat(RestoreScript.between(saved, wanted).lines())
        .noneMatch(line -> line.contains("CREATED"));
  }

  @Test
  void takesWhatIsNotShownForSomebodyElses() {
    String saved = "*nat\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";
    String remark =
        "# Table `nat' contains incompatible base-chains, use 'nft' tool to list them.\n";

    assertThat(SavedRules.parse(saved).table("nat").foreign()).isFalse();
    assertThat(SavedRules.parse(remark + saved).table("nat").foreign()).isTrue();
  }

  @Test
  void removesAllThatIsOursAndNothingElse() throws IOException {
    String saved =
        saved(
                "-A OUTPUT -j TELEPROXY-OUTPUT\n"
                    + "-A OUTPUT -m comment --comment \"-j TELEPROXY\" -j FOREIGN\n"
                    + "-A OUTPUT -j TELEPROXY-OUTPUT\n"
                    + "-A FOREIGN -p tcp -j TELEPROXY\n"
                    + "-A TELEPROXYING -p tcp -j RETURN\n")
            .replace(":FOREIGN -", ":TELEPROXYING - [0:0]\n:FOREIGN -");

    assertThat(RestoreScript.removal(SavedRules.parse(saved))).isEqualTo(golden("removal"));
    assertThat(RestoreScript.removal(SavedRules.NONE)).isEmpty();
  }

  @Test
  void removesATableThatThePlanDoesNotNeedAnyMore() throws IOException {
    InterceptPlan before = plan(redirect("tcp 10.0.0.1 80", 15001), reject("tcp 10.0.0.1"));
    String saved = asSaved(PlanRules.of(before, Family.IPV4, GID));

    InterceptPlan after = plan(redirect("tcp 10.0.0.1 80", 15001));

    assertThat(
            RestoreScript.between(SavedRules.parse(saved), PlanRules.of(after, Family.IPV4, GID)))
        .isEqualTo(golden("filter-not-needed"));
  }

  private static String fresh(InterceptPlan plan, Family family) {
    return RestoreScript.between(SavedRules.NONE, PlanRules.of(plan, family, GID));
  }

  private static String update(String saved) {
    InterceptPlan plan = plan(redirect("tcp 10.0.0.1 80", 15001));
    return RestoreScript.between(SavedRules.parse(saved), PlanRules.of(plan, Family.IPV4, GID));
  }

  private static String saved(String output) {
    return """
    # Generated by iptables-save v1.8.9
    *nat
    :PREROUTING ACCEPT [1:2]
    :OUTPUT ACCEPT [0:0]
    :FOREIGN - [0:0]
    :TELEPROXY - [0:0]
    :TELEPROXY-OUTPUT - [0:0]
    %s-A TELEPROXY -d 10.0.0.1/32 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 15001
    -A TELEPROXY-OUTPUT -m owner --gid-owner 777 -j RETURN
    -A TELEPROXY-OUTPUT -j TELEPROXY
    COMMIT
    """
        .formatted(output);
  }

  /** What iptables-save would show after these rules were made. */
  private static String asSaved(List<TableRules> tables) {
    List<String> lines = new ArrayList<>();
    for (TableRules table : tables) {
      lines.add("*" + table.table());
      table.chains().forEach(chain -> lines.add(":" + chain.name() + " - [0:0]"));
      table.jumps().forEach(jump -> lines.add("-A " + jump.from() + " " + jump.rule()));
      table
          .chains()
          .forEach(
              chain -> chain.rules().forEach(rule -> lines.add("-A " + chain.name() + " " + rule)));
      lines.add("COMMIT");
    }
    return String.join("\n", lines);
  }

  private static String golden(String name) throws IOException {
    try (InputStream stream =
        RestoreScriptTest.class.getResourceAsStream("/golden/" + name + ".txt")) {
      return stream == null
          ? "(no file " + name + ")"
          : new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
