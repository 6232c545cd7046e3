package io.teleproxy.plugin.netsh;

import static io.teleproxy.testkit.Plans.dns;
import static io.teleproxy.testkit.Plans.plan;
import static io.teleproxy.testkit.Plans.redirect;
import static io.teleproxy.testkit.Plans.reject;
import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Prefix;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

class RedirectionsTest {
  private final Arrivals arrivals = new Arrivals();

  @Test
  void eachAddressAndPortHasAnArrivalOfItsOwn() {
    Redirections redirections =
        Redirections.of(plan(redirect("tcp 10.0.0.1 80,8000-8002", 15001)), arrivals);

    assertThat(redirections.connections().keySet())
        .extracting(InetSocketAddress::getPort)
        .containsExactly(80, 8000, 8001, 8002);
    assertThat(redirections.connections().values()).doesNotHaveDuplicates();
    assertThat(redirections.connections().values())
        .allMatch(to -> to.getPort() == 15001 && Arrivals.RANGE.contains(to.getAddress()));
  }

  @Test
  void whatIsRefusedNeedsNothingButItsAddress() {
    Redirections redirections =
        Redirections.of(plan(reject("tcp 10.0.0.1"), reject("udp 10.0.0.1 53")), arrivals);

    assertThat(redirections.aliases()).containsExactly(Prefix.parseAddress("10.0.0.1"));
    assertThat(redirections.connections()).isEmpty();
    assertThat(redirections.datagrams()).isEmpty();
    assertThat(redirections.left()).isZero();
  }

  @Test
  void anEarlierRefusalOfAPortWins() {
    InterceptPlan plan = plan(reject("tcp 10.0.0.1 80"), redirect("tcp 10.0.0.1 80,81", 15001));

    assertThat(Redirections.of(plan, arrivals).connections().keySet())
        .extracting(InetSocketAddress::getPort)
        .containsExactly(81);
  }

  @Test
  void datagramsAreForTheRelay() {
    Redirections redirections =
        Redirections.of(
            InterceptPlan.of(
                List.of(redirect("udp 10.0.0.1 7", 15007)),
                dns(15053, "192.168.1.1", "127.254.254.254"),
                List.of()),
            arrivals);

    assertThat(redirections.datagrams())
        .containsEntry(new InetSocketAddress("10.0.0.1", 7), 15007)
        .containsEntry(new InetSocketAddress("127.254.254.254", 53), 15053)
        .hasSize(2);
    assertThat(redirections.connections())
        .containsEntry(
            new InetSocketAddress("127.254.254.254", 53), new InetSocketAddress("127.0.0.1", 15053))
        .hasSize(1);
    assertThat(redirections.aliases()).containsExactly(Prefix.parseAddress("10.0.0.1"));
  }

  @Test
  void countsWhatWindowsCannotDo() {
    assertThat(
            Redirections.of(
                    plan(
                        redirect("tcp 10.0.0.0/24 80", 15001),
                        redirect("tcp 10.0.0.1", 15001),
                        redirect("tcp 10.0.0.2 1-30000", 15001),
                        redirect("tcp 10.0.0.3 80", 15001)),
                    arrivals)
                .left())
        .isEqualTo(3);
  }
}
