package io.teleproxy.spi;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.InterceptPlan.Match;
import io.teleproxy.spi.InterceptPlan.Redirect;
import io.teleproxy.spi.InterceptPlan.Reject;
import java.util.List;
import org.junit.jupiter.api.Test;

class InterceptPlanTest {
  private static final Match NET = match("10.0.0.0/8", "");
  private static final Match HOST = match("10.0.0.1", "");
  private static final Match PORT = match("10.0.0.1", "80");

  @Test
  void triesTheMoreSpecificFirst() {
    InterceptPlan plan =
        InterceptPlan.of(
            List.of(new Redirect(NET, 1), new Reject(HOST), new Redirect(PORT, 1)),
            InterceptPlan.DnsCapture.NONE,
            List.of());
    assertThat(plan.rules())
        .containsExactly(new Redirect(PORT, 1), new Reject(HOST), new Redirect(NET, 1));
  }

  @Test
  void isEqualToTheSamePlanInAnotherOrder() {
    assertThat(
            InterceptPlan.of(
                List.of(new Reject(HOST), new Reject(NET), new Reject(NET)),
                InterceptPlan.DnsCapture.NONE,
                List.of("b", "a")))
        .isEqualTo(
            InterceptPlan.of(
                List.of(new Reject(NET), new Reject(HOST)),
                InterceptPlan.DnsCapture.NONE,
                List.of("a", "b")));
  }

  private static Match match(String ip, String ports) {
    return new Match(Protocol.TCP, Prefix.parse(ip), Ports.parse(ports));
  }
}
