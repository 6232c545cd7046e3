package io.teleproxy.plugin.nftables;

import static io.teleproxy.testkit.Plans.bridged;
import static io.teleproxy.testkit.Plans.dns;
import static io.teleproxy.testkit.Plans.plan;
import static io.teleproxy.testkit.Plans.redirect;
import static io.teleproxy.testkit.Plans.reject;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.teleproxy.plugin.netfilter.KnownFlows;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.DnsCapture;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Interceptor.Session;
import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.testkit.Machine;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What we do to the machine's rules, and that nothing of it stays. */
@Tag("privileged")
@Timeout(60)
class HostStateInNamespacesTest {
  private static final String FOREIGN = "table inet other { chain c { tcp dport 25 accept; }; }";

  private final List<NftShell> shells = new CopyOnWriteArrayList<>();
  private Namespace host;

  @BeforeEach
  void makeNamespace() throws IOException {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    assumeTrue(new Machine().executable("nft").isPresent(), "needs nft");
    host = new Namespace();
    Namespace.output(host.enter(List.of("nft", FOREIGN)));
  }

  @AfterEach
  void removeNamespace() throws IOException {
    if (host != null) {
      host.close();
    }
  }

  @Test
  void leavesOthersRulesAsTheyWere() throws IOException {
    String before = host.ruleset();

    Session session = open();
    session.apply(Holder.PLAN);
    assertThat(host.ruleset())
        .contains("flags owner", "10.1.0.1 . tcp . 80 counter packets 0 bytes 0 : 15001");
    session.close();
    session.close();

    assertThat(host.ruleset()).isEqualTo(before);
    assertThat(shells).noneMatch(NftShell::alive);
  }

  @Test
  void makesTheTableBeforeThereIsAPlanAndTakesItAwayWithout() throws IOException {
    String before = host.ruleset();

    try (NftablesSession session = open()) {
      session.prepare();
      await().until(() -> host.ruleset().contains("table inet teleproxy"));
      session.apply(Holder.PLAN);
      assertThat(host.ruleset()).contains("10.1.0.1 . tcp . 80 counter");
      assertThat(shells).as("owners").hasSize(1);
    }
    try (NftablesSession session = open()) {
      session.prepare();
      await().until(() -> host.ruleset().contains("table inet teleproxy"));
    }

    assertThat(host.ruleset()).isEqualTo(before);
    assertThat(shells).noneMatch(NftShell::alive);
  }

  @Test
  void removesEverythingForTheEmptyPlanAndStartsAgain() throws IOException {
    String before = host.ruleset();

    try (Session session = open()) {
      session.apply(Holder.PLAN);
      session.apply(bridged(List.of("br0")));
      assertThat(host.ruleset()).isEqualTo(before);
      session.apply(Holder.PLAN);
      assertThat(host.ruleset()).contains("table inet teleproxy");
    }
  }

  @Test
  void reachesEveryPlanByChangesAsFromNothing() throws IOException {
    List<InterceptPlan> plans =
        List.of(
            Holder.PLAN,
            plan(redirect("tcp 10.1.0.1 80,81", 15002), reject("tcp 10.1.0.1")),
            plan(redirect("tcp 10.1.0.0/24 80", 15002), reject("udp fd00:1::/64 1-100")),
            InterceptPlan.of(List.of(), dns(15054, "10.1.0.2", "fd00:1::2"), List.of("br1")),
            Holder.PLAN);
    try (Session session = open()) {
      for (InterceptPlan plan : plans) {
        session.apply(plan);
        String changed = withoutTimes(host.ruleset());
        session.apply(InterceptPlan.EMPTY);
        session.apply(plan);

        assertThat(withoutTimes(host.ruleset())).isEqualTo(changed);
      }
    }
  }

  @Test
  void changesNothingIfAPlanCannotBeApplied() throws IOException {
    try (Session session = open()) {
      session.apply(Holder.PLAN);
      String before = withoutTimes(host.ruleset());
      InterceptPlan bad =
          InterceptPlan.of(
              List.of(redirect("tcp 10.1.0.2 80", 15001)),
              DnsCapture.NONE,
              List.of("x".repeat(99)));

      assertThatThrownBy(() -> session.apply(bad))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("nft: ")
          .hasMessageContaining("add element inet teleproxy bridges");

      assertThat(withoutTimes(host.ruleset())).isEqualTo(before);
    }
  }

  @Test
  void makesTheTableAnewWhenItsOwnerDies() throws IOException {
    try (Session session = open()) {
      session.apply(Holder.PLAN);
      String before = withoutTimes(host.ruleset());

      shells.get(0).process().destroyForcibly().onExit().join();

      await().until(() -> withoutTimes(host.ruleset()).equals(before));
      assertThat(shells).hasSize(2);
    }
  }

  @Test
  void leavesNothingWhenTheProcessIsKilled() throws IOException {
    String before = host.ruleset();
    Process holder = hold();
    assertThat(host.ruleset()).contains("table inet teleproxy");

    holder.destroyForcibly();

    await().atMost(Duration.ofSeconds(1)).until(() -> host.ruleset().equals(before));
  }

  @Test
  void letsDnsGoWhenTheProcessHangs() throws IOException {
    Process holder = hold();
    await()
        .during(Duration.ofSeconds(NftScript.CAPTURE_SECONDS + 1))
        .atMost(Duration.ofSeconds(20))
        .until(() -> host.run("nft list set inet teleproxy dns4").contains("10.1.0.1"));

    Namespace.output(List.of("kill", "-STOP", "" + holder.pid()));
    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> !host.run("nft list set inet teleproxy dns4").contains("10.1.0.1"));

    Namespace.output(List.of("kill", "-CONT", "" + holder.pid()));
    await()
        .atMost(Duration.ofSeconds(5))
        .until(() -> host.run("nft list set inet teleproxy dns4").contains("10.1.0.1"));
    holder.destroyForcibly();
  }

  @Test
  void recoversATableWithoutAnOwner() throws IOException {
    String before = host.ruleset();
    host.run("nft add table inet teleproxy");
    NftablesInterceptor interceptor = new NftablesInterceptor(host::enter);

    assertThat(interceptor.recover(new Machine()))
        .containsExactly("nftables: table inet teleproxy");

    assertThat(host.ruleset()).isEqualTo(before);
    assertThat(interceptor.recover(new Machine())).isEmpty();
  }

  @Test
  void leavesTheTableOfARunningProcessAlone() throws IOException {
    NftablesInterceptor interceptor = new NftablesInterceptor(host::enter);
    try (Session session = open()) {
      session.apply(Holder.PLAN);
      String before = withoutTimes(host.ruleset());

      assertThatThrownBy(() -> interceptor.recover(new Machine()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("table inet teleproxy belongs to a running process");

      assertThat(withoutTimes(host.ruleset())).isEqualTo(before);
    }
  }

  @Test
  void twentyThousandPairsAreChangedOneByOne() throws IOException {
    List<Rule> rules = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      rules.add(redirect("tcp 10.2." + (i / 250) + "." + (i % 250) + " " + (80 + i % 7), 15001));
    }
    try (Session session = open()) {
      InterceptPlan before = plan(rules.toArray(Rule[]::new));
      Duration all = time(() -> session.apply(before));
      rules.set(0, redirect("tcp 10.3.0.1 80", 15001));
      InterceptPlan after = plan(rules.toArray(Rule[]::new));
      Duration one = time(() -> session.apply(after));

      System.out.println("20,000 pairs in " + all.toMillis() + " ms, one in " + one.toMillis());
      assertThat(one).as("a change costs what changes").isLessThan(all);
      String map = host.run("nft list map inet teleproxy redirect_ports4");
      assertThat(map.split(" : 15001", -1)).hasSize(20_001);
      assertThat(map).contains("10.3.0.1 . tcp . 80").doesNotContain("10.2.0.0 . tcp");
    }
  }

  private interface Step {
    void run() throws IOException;
  }

  private static Duration time(Step step) throws IOException {
    long start = System.nanoTime();
    step.run();
    return Duration.ofNanos(System.nanoTime() - start);
  }

  private NftablesSession open() {
    NftCommand command = NftCommand.find(new Machine(), host::enter).orElseThrow();
    return new NftablesSession(
        () -> {
          NftShell shell = command.start();
          shells.add(shell);
          return shell;
        },
        command::startForReading,
        new KnownFlows((line, input) -> new CommandRunner.Outcome(0, "", ""), ""),
        Machine.GID);
  }

  private Process hold() throws IOException {
    Process process =
        new ProcessBuilder(
                host.enter(
                    List.of(
                        System.getProperty("java.home") + "/bin/java",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName())))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    assertThat(process.inputReader().readLine()).isEqualTo("ready");
    return process;
  }

  /** Without what differs from moment to moment: ends of timeouts, and who owns the table. */
  private static String withoutTimes(String ruleset) {
    return ruleset.replaceAll(" expires [0-9hms]+", "").replaceAll(" # progname.*", "");
  }
}
