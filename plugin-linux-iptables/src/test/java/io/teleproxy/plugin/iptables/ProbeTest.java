package io.teleproxy.plugin.iptables;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.teleproxy.spi.Interceptor.Capability;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.spi.process.CommandRunner.Outcome;
import io.teleproxy.testkit.Machine;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the probe says about machines of every kind; commands are answered by the test. */
class ProbeTest {
  private static final Outcome WORKS = new Outcome(0, "", "");

  /** Machines that look as if the tools were there. */
  private static Machine linux() {
    return new Machine("linux", true, Map.of(), Set.of());
  }

  @Test
  void appliesWhereBothFamiliesWork() {
    IptablesInterceptor interceptor = answering((command, input) -> version(command));

    assertThat(interceptor.probe(onlyIfInstalled()))
        .isEqualTo(Probe.applicable(100, "iptables v1.8.9 (nf_tables)"));
    assertThat(interceptor.capabilities())
        .contains(Capability.IPV6, Capability.REJECT, Capability.ORIGINAL_DESTINATION)
        .doesNotContain(Capability.OWNER_CLEANUP);
  }

  @Test
  void appliesWithoutIpv6WhereTheKernelHasNone() {
    IptablesInterceptor interceptor =
        answering(
            (command, input) ->
                command.get(0).contains("ip6tables")
                    ? new Outcome(3, "", "# Warning: x\nAddress family not supported by protocol\n")
                    : version(command));

    assertThat(interceptor.probe(onlyIfInstalled()))
        .isEqualTo(
            Probe.applicable(
                100,
                "iptables v1.8.9 (nf_tables), without IPv6: ip6tables -t nat -S failed: Address"
                    + " family not supported by protocol"));
    assertThat(interceptor.capabilities()).doesNotContain(Capability.IPV6);
  }

  @Test
  void appliesWithoutIpv6WhereItsToolsAreMissing() {
    IptablesInterceptor interceptor = answering((command, input) -> version(command));

    assertThat(interceptor.probe(onlyIfInstalled().without("ip6tables-restore")))
        .isEqualTo(
            Probe.applicable(
                100, "iptables v1.8.9 (nf_tables), without IPv6: its tools were not found"));
  }

  @ParameterizedTest
  @CsvSource({
    "macos, true, iptables, iptables is part of Linux",
    "linux, false, iptables, by root only",
    "linux, true, nftables, 'plugins.linux-iptables.command: ''nftables'' (expected: iptables'",
  })
  void saysWhyItDoesNotApply(String os, boolean privileged, String variant, String reason) {
    Machine machine = new Machine(os, privileged, Map.of("command", variant), Set.of());

    assertThat(answering((command, input) -> version(command)).probe(machine))
        .isInstanceOfSatisfying(
            Probe.NotApplicable.class, not -> assertThat(not.reason()).contains(reason));
  }

  @Test
  void tellsHowToInstallWhatIsMissing() {
    assertThat(answering((command, input) -> WORKS).probe(linux().without("iptables-restore")))
        .isEqualTo(
            Probe.notApplicable(
                "iptables, iptables-save or iptables-restore not found",
                "Install iptables: apt install iptables"));
  }

  @Test
  void doesNotApplyWithoutAWorkingNatTable() {
    String error = "iptables: can't initialize iptables table `nat': Table does not exist";

    assertThat(
            answering((command, input) -> new Outcome(3, "", error + "\nmore\n"))
                .probe(onlyIfInstalled()))
        .isInstanceOfSatisfying(
            Probe.NotApplicable.class,
            not -> {
              assertThat(not.reason()).isEqualTo("iptables -t nat -S failed: " + error);
              assertThat(not.remedy()).contains("plugins.linux-iptables.command");
            });
  }

  @Test
  void doesNotApplyWhereATableCannotBeShown() {
    String saved = "# Table `filter' is incompatible, use 'nft' tool.\n";

    assertThat(
            answering(
                    (command, input) ->
                        command.get(0).endsWith("-save") ? new Outcome(0, saved, "") : WORKS)
                .probe(onlyIfInstalled()))
        .isInstanceOfSatisfying(
            Probe.NotApplicable.class,
            not -> assertThat(not.reason()).contains("table filter was made by nft"));
  }

  @Test
  void doesNotApplyWithoutTheOwnerMatch() {
    assertThat(
            answering(
                    (command, input) ->
                        input.contains("-m owner")
                            ? new Outcome(2, "", "Couldn't load match `owner'")
                            : WORKS)
                .probe(onlyIfInstalled()))
        .isInstanceOfSatisfying(
            Probe.NotApplicable.class,
            not ->
                assertThat(not.reason())
                    .isEqualTo("iptables-restore --test failed: Couldn't load match `owner'"));
  }

  @Test
  void doesNotApplyWhenACommandHangs() {
    assertThat(
            answering(
                    (command, input) -> {
                      throw new IOException("iptables did not end within 15 s");
                    })
                .probe(onlyIfInstalled()))
        .isInstanceOfSatisfying(
            Probe.NotApplicable.class,
            not -> assertThat(not.reason()).isEqualTo("iptables did not end within 15 s"));
  }

  @Test
  @Tag("privileged")
  void changesNothingOnTheMachine() throws IOException {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    try (Namespace host = new Namespace()) {
      String before = host.firewall();
      Machine machine = onlyIfInstalled().with("command", "iptables-nft");

      Probe probe = answering(host.runner()).probe(machine);

      assertThat(probe).isInstanceOf(Probe.Applicable.class);
      assertThat(host.firewall()).isEqualTo(before);
    }
  }

  private static Machine onlyIfInstalled() {
    assumeTrue(linux().executable("ip6tables-restore").isPresent(), "needs the iptables package");
    return linux();
  }

  private static Outcome version(List<String> command) {
    return command.contains("-V") ? new Outcome(0, "iptables v1.8.9 (nf_tables)\n", "") : WORKS;
  }

  private static IptablesInterceptor answering(CommandRunner runner) {
    return new IptablesInterceptor(timeout -> runner);
  }
}
