package io.teleproxy.app;

import static io.teleproxy.testkit.Plans.plan;
import static io.teleproxy.testkit.Plans.redirect;
import static io.teleproxy.testkit.Plans.reject;
import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Interceptor.PortByPort;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class AllotmentTest {
  private InterceptPlan latest = InterceptPlan.EMPTY;
  private Set<InetAddress> connected = Set.of();
  private final Allotment allotment =
      new Allotment(new PortByPort(4, Ports.parse("80,443")), this::again);

  @Test
  void asLongAsThereIsEnoughAllIsGiven() {
    Rule[] rules = {redirect("tcp 10.0.0.1 80,81", 1), redirect("udp 10.0.0.1 53", 53)};

    assertThat(limit(rules)).containsExactlyInAnyOrder(rules);
    assertThat(allotment.admitted(addresses("10.0.0.1", "10.9.9.9"))).isTrue();
  }

  @Test
  void ofMoreThoseHaveItThatWereResolvedLast() {
    limit(
        redirect("tcp 127.254.254.254 80", 1),
        redirect("tcp 10.0.0.1 80,81", 1),
        redirect("tcp 10.0.0.2 80", 1),
        redirect("tcp 10.0.0.3 80,81", 1));
    assertThat(given()).containsExactly("127.254.254.254");

    resolve("10.0.0.1");
    resolve("10.0.0.2");
    assertThat(given()).containsExactlyInAnyOrder("127.254.254.254", "10.0.0.1", "10.0.0.2");

    resolve("10.0.0.3");
    assertThat(given()).containsExactlyInAnyOrder("127.254.254.254", "10.0.0.2", "10.0.0.3");

    resolve("10.0.0.2");
    resolve("10.0.0.1");
    assertThat(given()).containsExactlyInAnyOrder("127.254.254.254", "10.0.0.2", "10.0.0.1");
  }

  @Test
  void anAddressThatIsGivenOrNotOursIsToldAtOnce() {
    limit(redirect("tcp 10.0.0.1 1-4", 1), redirect("tcp 10.0.0.2 1-4", 1));

    assertThat(allotment.admitted(addresses("10.0.0.1"))).isFalse();
    resolve("10.0.0.1");
    assertThat(allotment.admitted(addresses("10.0.0.1"))).isTrue();
    assertThat(allotment.admitted(addresses("10.0.0.1", "10.0.0.2"))).isFalse();
    assertThat(allotment.admitted(addresses("10.8.8.8"))).isTrue();
  }

  @Test
  void whatConnectionsLeadToStaysAndRefusesOthers() {
    limit(redirect("tcp 10.0.0.1 1-4", 1), redirect("tcp 10.0.0.2 1-4", 1));
    resolve("10.0.0.1");
    connected = Set.copyOf(addresses("10.0.0.1"));
    resolve("10.0.0.2");

    assertThat(limit(latest))
        .containsExactlyInAnyOrder(reject("tcp 10.0.0.1"), redirect("tcp 10.0.0.2 1-4", 1));
    assertThat(allotment.isHolding()).isTrue();

    connected = Set.of();
    assertThat(limit(latest)).containsExactly(redirect("tcp 10.0.0.2 1-4", 1));
    assertThat(allotment.isHolding()).isFalse();
  }

  @Test
  void ofAllPortsThoseAreLedThatSomebodyNamesElseTheUsualOnes() {
    assertThat(
            limit(
                redirect("tcp 10.0.0.1", 1),
                redirect("tcp 10.0.0.1 8080", 1),
                redirect("tcp 10.0.0.2", 1),
                redirect("tcp 10.1.0.0/16", 1)))
        .containsExactlyInAnyOrder(
            redirect("tcp 10.0.0.1 8080", 1),
            reject("tcp 10.0.0.1"),
            redirect("tcp 10.0.0.2 80,443", 1),
            reject("tcp 10.0.0.2"));
    assertThat(allotment.now().left()).isEqualTo(3);
  }

  @Test
  void whatGoesIsForgotten() {
    limit(redirect("tcp 10.0.0.1 1-4", 1), redirect("tcp 10.0.0.2 1-4", 1));
    assertThat(allotment.now().wanted()).isEqualTo(8);

    assertThat(limit(redirect("tcp 10.0.0.2 1-4", 1)))
        .containsExactly(redirect("tcp 10.0.0.2 1-4", 1));
    assertThat(allotment.now().wanted()).isEqualTo(4);
    assertThat(limit()).isEmpty();
    assertThat(allotment.now().wanted()).isZero();
  }

  private void resolve(String address) {
    allotment.admit(addresses(address)).toCompletableFuture().join();
  }

  private CompletionStage<Void> again() {
    limit(latest);
    return CompletableFuture.completedFuture(null);
  }

  private List<Rule> limit(Rule... rules) {
    return limit(plan(rules));
  }

  private List<Rule> limit(InterceptPlan plan) {
    latest = plan;
    return allotment.limit(plan, connected).rules();
  }

  private List<String> given() {
    return allotment.now().given().keySet().stream().map(Prefix::toString).toList();
  }

  private static List<InetAddress> addresses(String... addresses) {
    return Stream.of(addresses).map(Prefix::parseAddress).toList();
  }
}
