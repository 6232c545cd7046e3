package io.teleproxy.plugin.iptables;

import static io.teleproxy.testkit.Plans.bridged;
import static io.teleproxy.testkit.Plans.dns;
import static io.teleproxy.testkit.Plans.plan;
import static io.teleproxy.testkit.Plans.redirect;
import static io.teleproxy.testkit.Plans.reject;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Interceptor.Session;
import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.testkit.Machine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What we do to the machine's rules, and that nothing of it stays. */
@Tag("privileged")
@Timeout(60)
class HostStateInNamespacesTest {
  private static final InterceptPlan PLAN =
      InterceptPlan.of(
          List.of(
              redirect("tcp 10.1.0.1 80", 15001),
              reject("tcp 10.1.0.1"),
              redirect("udp fd00:1::/64 9", 15001),
              reject("udp fd00:1::1")),
          dns(15053, "10.1.0.9", "fd00:1::53"),
          List.of("br0", "br1"));

  private static final String FOREIGN =
      """
      *nat
      :CUSTOM - [0:0]
      -A OUTPUT -p tcp -m comment --comment "-j TELEPROXY" -j CUSTOM
      -A PREROUTING -i br0 -p udp -j CUSTOM
      COMMIT
      *filter
      :TELEPROXYING - [0:0]
      -P FORWARD DROP
      -A OUTPUT -p tcp -m tcp --dport 25 -j TELEPROXYING
      COMMIT
      """;

  private final List<String> commands = new ArrayList<>();
  private Namespace host;

  @BeforeEach
  void makeNamespace() throws IOException {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    host = new Namespace();
  }

  @AfterEach
  void removeNamespace() throws IOException {
    if (host != null) {
      host.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"iptables-nft", "iptables-legacy"})
  void leavesAnEmptyFirewallAsItWas(String variant) throws IOException {
    initialize(variant);
    String before = host.firewall();

    Session session = open(variant);
    session.apply(PLAN);
    assertThat(host.firewall()).isNotEqualTo(before);
    session.close();
    session.close();

    assertThat(host.firewall()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"iptables-nft", "iptables-legacy"})
  void leavesOthersRulesAsTheyWere(String variant) throws IOException {
    foreignRules(variant);
    String before = host.firewall();

    Session session = open(variant);
    session.apply(PLAN);
    session.apply(bridged(List.of("br1"), redirect("tcp 10.1.0.1 80", 15001)));
    session.apply(PLAN);
    session.close();

    assertThat(host.firewall()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"iptables-nft", "iptables-legacy"})
  void removesEverythingForTheEmptyPlan(String variant) throws IOException {
    initialize(variant);
    String before = host.firewall();

    Session session = open(variant);
    session.apply(PLAN);
    session.apply(bridged(List.of("br0")));

    assertThat(host.firewall()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"iptables-nft", "iptables-legacy"})
  void recoversFromADeadRunHoweverManyCopiesItLeft(String variant) throws IOException {
    foreignRules(variant);
    String before = host.firewall();
    open(variant).apply(PLAN);
    for (int copy = 0; copy < 2; copy++) {
      for (String family : List.of("iptables", "ip6tables")) {
        host.feed(
            family + variant.substring("iptables".length()) + "-restore --noflush",
            """
            *nat
            :TELEPROXY-OLD - [0:0]
            -A TELEPROXY-OLD -j TELEPROXY
            -A OUTPUT -j TELEPROXY-OUTPUT
            -A PREROUTING -i br0 -j TELEPROXY
            -A OUTPUT -g TELEPROXY-OLD
            COMMIT
            *filter
            -I OUTPUT -m conntrack --ctstate NEW -j TELEPROXY-OUTPUT
            COMMIT
            """);
      }
    }

    Iterable<String> removed = interceptor().recover(new Machine());

    assertThat(host.firewall()).isEqualTo(before);
    assertThat(removed)
        .anyMatch(line -> line.startsWith("iptables") && line.contains("chain TELEPROXY "))
        .anyMatch(
            line -> line.startsWith("ip6tables") && line.contains("rule OUTPUT -j TELEPROXY"));
    assertThat(interceptor().recover(new Machine())).isEmpty();
  }

  @Test
  void recoversTablesThatADeadRunHasMade() throws IOException {
    String before = host.firewall();
    open("iptables-nft").apply(PLAN);

    interceptor().recover(new Machine());

    assertThat(host.firewall()).isEqualTo(before);
  }

  @Test
  void leavesNoBuiltInChainsBehindInTablesOfOthers() throws IOException {
    assumeTrue(new Machine().executable("nft").isPresent(), "needs nft");
    for (String family : List.of("iptables-nft", "ip6tables-nft")) {
      host.run(family + " -t nat -A POSTROUTING -p tcp -j ACCEPT");
      host.run(family + " -t filter -A FORWARD -p tcp -j ACCEPT");
    }
    String before = host.firewall();

    Session session = open("iptables-nft");
    session.apply(PLAN);
    session.apply(bridged(List.of(), PLAN.rules().toArray(Rule[]::new)));
    session.close();
    assertThat(host.firewall()).isEqualTo(before);

    open("iptables-nft").apply(PLAN);
    interceptor().recover(new Machine());
    assertThat(host.firewall()).isEqualTo(before);

    session = open("iptables-nft");
    session.apply(PLAN);
    host.run("iptables-nft -t filter -A OUTPUT -p tcp -j ACCEPT");
    session.close();
    assertThat(host.run("nft list chain ip filter OUTPUT")).contains("accept");
  }

  /** iptables-nft 1.8.9 can neither list nor change a chain with such a rule in it. */
  @Test
  void letsTrafficGoEvenIfOthersMakeTheTablesUnreadable() throws IOException {
    assumeTrue(new Machine().executable("nft").isPresent(), "needs nft");
    Session session = open("iptables-nft");
    session.apply(PLAN);
    host.run("nft insert rule ip nat OUTPUT meta time 5 accept");
    assumeTrue(!host.runner().run(List.of("iptables-nft-save")).ok(), "iptables knows meta time");

    assertThatThrownBy(session::close)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("our chains were emptied, but not removed");

    assertThat(host.run("nft list ruleset"))
        .doesNotContain("redirect", "reject", "skgid")
        .doesNotContain("table ip6 nat");
  }

  @ParameterizedTest
  @ValueSource(strings = {"iptables-nft", "iptables-legacy"})
  void doesNothingForAPlanThatIsThereAlready(String variant) throws IOException {
    IptablesSession session = open(variant);
    session.apply(PLAN);
    String applied = host.firewall();
    commands.clear();

    session.apply(PLAN);
    assertThat(commands).isEmpty();

    open(variant).apply(PLAN);
    assertThat(commands).noneMatch(command -> command.contains("-restore --noflush"));
    assertThat(host.firewall()).isEqualTo(applied);
    assertThat(session.missing()).isEmpty();
    session.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"iptables-nft", "iptables-legacy"})
  void seesAndMendsWhatOthersHaveDoneToOurRules(String variant) throws IOException {
    IptablesSession session = open(variant);
    session.apply(PLAN);

    host.run(variant + " -t nat -I OUTPUT 1 -p udp -j ACCEPT");
    assertThat(session.missing())
        .contains("the jumps into our chains of table nat are not in place");
    host.run(variant + " -t filter -F");
    session.apply(bridged(PLAN.bridges(), PLAN.rules().toArray(Rule[]::new)));

    assertThat(session.missing()).isEmpty();
    assertThat(host.run(variant + " -t nat -S OUTPUT").lines())
        .containsExactly(
            "-P OUTPUT ACCEPT", "-A OUTPUT -j TELEPROXY-OUTPUT", "-A OUTPUT -p udp -j ACCEPT");
    session.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"iptables-nft", "iptables-legacy"})
  void isAsBeforeWhenAPlanCannotBeApplied(String variant) throws IOException {
    boolean[] broken = {false};
    CommandRunner failing =
        (command, input) ->
            broken[0] && command.get(0).contains("ip6tables") && input.contains("15002")
                ? new CommandRunner.Outcome(4, "", "Another app is holding the xtables lock.")
                : host.runner().run(command, input);
    Machine machine = new Machine().with("command", variant);
    Session session = new IptablesInterceptor(timeout -> failing).open(machine);
    session.apply(PLAN);
    String before = host.saved();
    broken[0] = true;

    assertThatThrownBy(
            () ->
                session.apply(
                    plan(redirect("tcp 10.1.0.1 80", 15002), redirect("tcp fd00:1::1 80", 15002))))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("ip6tables")
        .hasMessageContaining("-restore failed (exit 4: Another app is holding the xtables lock.")
        .hasMessageContaining("retry, or set plugins.linux-iptables.lock-wait");

    assertThat(host.saved()).isEqualTo(before);
    session.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"iptables-nft", "iptables-legacy"})
  void removesStepByStepWhatCannotBeRemovedAtOnce(String variant) throws IOException {
    initialize(variant);
    String before = host.firewall();
    boolean[] broken = {false};
    CommandRunner failing =
        (command, input) ->
            broken[0] && input.lines().count() > 3
                ? new CommandRunner.Outcome(1, "", "line 2 failed")
                : host.runner().run(command, input);
    Session session =
        new IptablesInterceptor(timeout -> failing).open(new Machine().with("command", variant));
    session.apply(PLAN);
    broken[0] = true;

    session.close();

    assertThat(host.firewall()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"iptables-nft", "iptables-legacy"})
  void saysWhatIsLeftWhenNothingCanBeRemoved(String variant) throws IOException {
    boolean[] broken = {false};
    CommandRunner failing =
        (command, input) ->
            broken[0] && !input.isEmpty()
                ? new CommandRunner.Outcome(1, "", "line 2 failed")
                : host.runner().run(command, input);
    Session session =
        new IptablesInterceptor(timeout -> failing).open(new Machine().with("command", variant));
    session.apply(PLAN);
    broken[0] = true;

    assertThatThrownBy(session::close)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not removed: ")
        .hasMessageContaining("table nat chain TELEPROXY ");
    broken[0] = false;
    session.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"iptables-nft", "iptables-legacy"})
  void appliesFiveThousandPairsByOneCommand(String variant) throws IOException {
    Session session = open(new Machine().with("command", variant).with("sets-from", "5001"));
    List<Rule> rules = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      rules.add(redirect("tcp 10.2." + (i / 250) + "." + (i % 250) + " " + (80 + i % 7), 15001));
    }
    session.apply(InterceptPlan.of(rules, InterceptPlan.DnsCapture.NONE, List.of()));

    assertThat(host.run(variant + " -t nat -S TELEPROXY").lines()).hasSize(5_001);
    assertThat(commands).filteredOn(command -> command.contains("-restore --noflush")).hasSize(1);
    session.close();
  }

  /** The legacy tables come into being when they are first looked at, and then stay. */
  private void initialize(String variant) throws IOException {
    if (variant.equals("iptables-legacy")) {
      for (String family : List.of("iptables-legacy", "ip6tables-legacy")) {
        host.run(family + " -t nat -S");
        host.run(family + " -t filter -S");
      }
    }
  }

  private void foreignRules(String variant) throws IOException {
    for (String family : List.of("iptables", "ip6tables")) {
      host.feed(
          family + variant.substring("iptables".length()) + "-restore --noflush",
          FOREIGN.replace("-P FORWARD DROP\n", ":FORWARD DROP [0:0]\n"));
    }
  }

  private IptablesSession open(String variant) {
    return open(new Machine().with("command", variant));
  }

  private IptablesSession open(Machine machine) {
    return (IptablesSession) interceptor().open(machine);
  }

  private IptablesInterceptor interceptor() {
    return new IptablesInterceptor(
        timeout ->
            (command, input) -> {
              commands.add(String.join(" ", command));
              return host.runner().run(command, input);
            });
  }
}
