package io.teleproxy.plugin.iptables;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.teleproxy.spi.process.CommandRunner.Outcome;
import io.teleproxy.testkit.Machine;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What cleanup says where iptables-save fails; commands are answered by the test. */
class UnreadableRulesTest {
  private static final Machine MACHINE = new Machine("linux", true, Map.of(), Set.of());
  private static final Outcome DONE = new Outcome(0, "", "");

  /** As iptables 1.8.9 says it, in both variants. */
  private static final Outcome NO_SUCH_CHAIN =
      new Outcome(
          1, "", "iptables-nft-restore: line 2 failed: No chain/target/match by that name.");

  private static final Outcome FORBIDDEN =
      new Outcome(4, "", "Could not fetch rule set generation id: Permission denied");

  @Test
  void nothingIsLeftWhereNoneOfOurChainsIsThere() throws IOException {
    assertThat(restoring(NO_SUCH_CHAIN).recover(MACHINE)).isEmpty();
    assertThat(restoring(new Outcome(1, "", "iptables-restore: line 2 failed")).recover(MACHINE))
        .isEmpty();
    assertThat(
            restoring(new Outcome(3, "", "iptables-restore: unable to initialize table 'nat'"))
                .recover(MACHINE))
        .isEmpty();
  }

  @Test
  void whatCouldOnlyBeEmptiedIsLeft() {
    assertThatThrownBy(() -> restoring(DONE).recover(MACHINE))
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll(
            "our chains were emptied, but not removed", "nat TELEPROXY", "cannot be read");
  }

  @Test
  void whatCannotBeToldIsNotSaidToBeNothing() {
    assertThatThrownBy(() -> restoring(FORBIDDEN).recover(MACHINE))
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll("is not known", "Permission denied");
  }

  private static IptablesInterceptor restoring(Outcome answer) {
    return new IptablesInterceptor(
        timeout ->
            (command, input) -> {
              if (command.get(0).endsWith("-save")) {
                return new Outcome(1, "", "unexpected rule; Permission denied");
              }
              return command.get(0).endsWith("-restore") ? answer : DONE;
            });
  }
}
