package io.teleproxy.plugin.nftables;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.teleproxy.spi.Interceptor.Capability;
import io.teleproxy.spi.Probe;
import io.teleproxy.testkit.Machine;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProbeTest {
  @ParameterizedTest
  @CsvSource({
    "macos, true, nft, nftables is part of Linux",
    "linux, false, none, by root only",
    "linux, true, nft, nft not found"
  })
  void saysWhyItDoesNotApply(String os, boolean privileged, String missing, String reason) {
    Machine machine = new Machine(os, privileged, Map.of(), Set.of(missing));

    assertThat(new NftablesInterceptor().probe(machine))
        .isInstanceOfSatisfying(
            Probe.NotApplicable.class, not -> assertThat(not.reason()).contains(reason));
  }

  @ParameterizedTest
  @CsvSource({
    "'echo Error: interactive CLI not supported', interactive CLI not supported",
    "'read -r batch; read -r mark; echo Error: x >&2; echo y; echo Error: no; echo $mark; cat', x: y",
    "'while read -r l; do case $l in teleproxy-*) echo Error: no; echo $l;; esac; done', flags owner",
  })
  void doesNotApplyWhereTheTableCannotBeMade(String script, String reason) {
    assumeTrue(new Machine().executable("nft").isPresent(), "needs nft");
    UnaryOperator<List<String>> broken = command -> List.of("sh", "-c", script);

    assertThat(new NftablesInterceptor(broken).probe(new Machine()))
        .isInstanceOfSatisfying(
            Probe.NotApplicable.class,
            not -> {
              assertThat(not.reason()).contains(reason);
              assertThat(not.remedy()).contains("Linux 5.12");
            });
  }

  @Test
  @Tag("privileged")
  void appliesHereAndLeavesNothing() throws IOException {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    assumeTrue(new Machine().executable("nft").isPresent(), "needs nft");
    try (Namespace host = new Namespace()) {
      NftablesInterceptor interceptor = new NftablesInterceptor(host::enter);

      assertThat(interceptor.probe(new Machine()))
          .isInstanceOfSatisfying(
              Probe.Applicable.class,
              yes -> {
                assertThat(yes.priority()).isEqualTo(200);
                assertThat(yes.detail()).matches("nftables v[0-9.]+, flags owner");
              });
      assertThat(interceptor.capabilities()).containsExactlyInAnyOrder(Capability.values());
      assertThat(host.ruleset()).isEmpty();
    }
  }
}
