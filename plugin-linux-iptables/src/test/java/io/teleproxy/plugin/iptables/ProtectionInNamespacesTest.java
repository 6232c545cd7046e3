package io.teleproxy.plugin.iptables;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rules neither outlive the process that made them nor get lost before. */
@Tag("privileged")
@Timeout(120)
class ProtectionInNamespacesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private Namespace host;
  private final List<Process> holders = new ArrayList<>();

  @BeforeEach
  void makeNamespace() throws IOException {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    host = new Namespace();
  }

  @AfterEach
  void removeNamespace() throws IOException {
    holders.forEach(Process::destroyForcibly);
    if (host != null) {
      host.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"iptables-nft", "iptables-legacy"})
  void nothingStaysWhenTheWholeProcessGroupIsKilled(String variant) throws IOException {
    if (variant.equals("iptables-legacy")) {
      for (String family : List.of("iptables-legacy", "ip6tables-legacy")) {
        host.run(family + " -t nat -S");
        host.run(family + " -t filter -S");
      }
    }
    String before = host.firewall();
    Process holder = hold(variant);
    assertThat(host.firewall()).contains("TELEPROXY");

    new ProcessBuilder("kill", "-KILL", "--", "-" + holder.pid()).start().onExit().join();

    await().atMost(PATIENCE).untilAsserted(() -> assertThat(host.firewall()).isEqualTo(before));
    await().atMost(PATIENCE).until(() -> processes().isEmpty());
  }

  @Test
  void rulesOfOthersStayWhenItIsKilled() throws IOException {
    host.feed(
        "iptables-nft-restore --noflush",
        """
        *nat
        :CUSTOM - [0:0]
        -A OUTPUT -p tcp -m comment --comment "-j TELEPROXY" -j CUSTOM
        COMMIT
        """);
    String before = host.firewall();
    Process holder = hold("iptables-nft");

    holder.destroyForcibly();

    await().atMost(PATIENCE).untilAsserted(() -> assertThat(host.firewall()).isEqualTo(before));
  }

  @Test
  void anOrderlyEndLeavesNoWatchdog() throws Exception {
    String before = host.firewall();
    Process holder = hold("iptables-nft");
    assertThat(watchdogs()).hasSize(1);

    holder.getOutputStream().close();

    assertThat(holder.waitFor()).isZero();
    assertThat(host.firewall()).isEqualTo(before);
    await().atMost(PATIENCE).until(() -> processes().isEmpty());
  }

  @Test
  void aKilledWatchdogIsReplaced() throws IOException {
    hold("iptables-nft");
    String first = watchdogs().get(0);
    host.run("kill -KILL " + first);

    await().atMost(PATIENCE).until(() -> watchdogs().size() == 1 && !watchdogs().contains(first));
    assertThat(host.firewall()).contains("TELEPROXY");
  }

  @Test
  void rulesThatSomebodyFlushesOrDemotesAreMadeAgain() throws IOException {
    hold("iptables-nft");
    String whole = host.saved();

    host.run("iptables-nft -t nat -F");
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(host.saved()).isEqualTo(whole));

    host.run("nft flush ruleset");
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> assertThat(host.saved()).contains("-j TELEPROXY-OUTPUT", "--dport 80"));

    host.run("iptables-nft -t nat -I OUTPUT 1 -p tcp --dport 9 -j ACCEPT");
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(host.run("iptables-nft -t nat -S OUTPUT").lines().skip(1).findFirst())
                    .hasValueSatisfying(rule -> assertThat(rule).contains("TELEPROXY-OUTPUT")));
  }

  @Test
  void whoIsToldThatSomebodyHasFlushedThemMakesThemAgainAtOnce() throws IOException {
    Process holder = hold("iptables-nft");
    String whole = host.saved();

    host.run("iptables-nft -t nat -F");
    tell(holder);
    assertThat(host.saved()).isEqualTo(whole);

    // Our own changes are announced, too, and nothing comes of it.
    String ruleset = host.run("nft -a list ruleset");
    tell(holder);
    assertThat(host.run("nft -a list ruleset")).isEqualTo(ruleset);
  }

  private static void tell(Process holder) throws IOException {
    holder.getOutputStream().write('\n');
    holder.getOutputStream().flush();
    assertThat(holder.inputReader().readLine()).isEqualTo("told");
  }

  @Test
  void capturedNameserversExpireUnlessTheyAreRenewed() throws IOException {
    Process holder = hold("iptables-nft");
    String list = "cat /proc/net/xt_recent/" + RecentList.NAME;
    assertThat(host.run(list)).contains("src=10.1.0.9 ", "src=fd00:0001:");
    assertThat(host.saved()).contains("--rcheck --seconds " + RecentList.SECONDS);

    String seen = host.run(list);
    await().atMost(PATIENCE).until(() -> !host.run(list).equals(seen));

    host.run("kill -STOP " + holder.pid());
    String last = host.run(list);
    host.run("sleep 3");
    assertThat(host.run(list)).isEqualTo(last);
  }

  private Process hold(String variant) throws IOException {
    List<String> java =
        List.of(
            "setsid",
            System.getProperty("java.home") + "/bin/java",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            Holder.class.getName(),
            variant);
    Process holder =
        new ProcessBuilder(host.enter(java)).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    holders.add(holder);
    assertThat(holder.inputReader().readLine()).isEqualTo("ready");
    return holder;
  }

  private List<String> processes() throws IOException {
    return new ProcessBuilder("ip", "netns", "pids", host.name())
        .start()
        .inputReader()
        .lines()
        .toList();
  }

  private List<String> watchdogs() throws IOException {
    List<String> found = new ArrayList<>();
    for (String pid : processes()) {
      // ProcessHandle.Info reads the first 4 KiB only, and the script is one of the words.
      boolean shell = commandLine(pid).contains("teleproxy-watchdog");
      if (shell) {
        found.add(pid);
      }
    }
    return found;
  }

  private static String commandLine(String pid) {
    try {
      return Files.readString(Path.of("/proc", pid, "cmdline"));
    } catch (IOException e) {
      return ""; // it has ended
    }
  }
}
