package io.teleproxy.testkit;

import static io.teleproxy.testkit.Plans.bridged;
import static io.teleproxy.testkit.Plans.dns;
import static io.teleproxy.testkit.Plans.plan;
import static io.teleproxy.testkit.Plans.redirect;
import static io.teleproxy.testkit.Plans.reject;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Interceptor.Capability;
import io.teleproxy.spi.Interceptor.Session;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.Protocol;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What every interceptor does with real packets on a real kernel, in namespaces of its own. Needs
 * Linux and root.
 */
@Tag("privileged")
@Timeout(60)
public abstract class InterceptorContract {
  private @Nullable Lab made;

  /** The backend, whose commands run in this namespace. */
  protected abstract Interceptor interceptor(Namespace host);

  /** The machine with the settings that are to be tested. */
  protected Machine machine() {
    return new Machine();
  }

  /** Whether it has rules whose matches can be read. */
  protected boolean counts() {
    return true;
  }

  private Lab lab() {
    return Objects.requireNonNull(made);
  }

  @BeforeEach
  void makeNamespaces() throws IOException {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    made = new Lab();
  }

  @AfterEach
  void removeNamespaces() throws IOException {
    if (made != null) {
      made.close();
    }
  }

  @Test
  void redirectsWhatThePlanNamesAndNothingElse() throws IOException {
    lab()
        .serve(
            "tcp/127.0.0.1/15001",
            "tcp/127.0.0.1/15002",
            "tcp/127.0.0.1/15003",
            "udp/127.0.0.1/15001",
            "tcp/::1/15001",
            "udp/::1/15001");
    List<InterceptPlan.Rule> rules =
        new ArrayList<>(
            List.of(
                redirect("tcp 10.1.0.1 80", 15001),
                redirect("udp 10.1.0.1 7,9", 15001),
                redirect("tcp 10.1.0.3 1990-2000", 15002),
                redirect("tcp 127.254.254.254 80", 15002),
                redirect("tcp fd00:1::1 80", 15001)));
    Map<String, String> expected =
        new HashMap<>(
            Map.of(
                "tcp/10.1.0.1/80", "tcp/127.0.0.1/15001",
                "tcp/10.1.0.1/81", elsewhere("tcp/10.1.0.1/81"),
                "udp/10.1.0.1/9", "udp/127.0.0.1/15001",
                "udp/10.1.0.1/80", elsewhere("udp/10.1.0.1/80"),
                "tcp/10.1.0.3/1999", "tcp/127.0.0.1/15002",
                "tcp/127.254.254.254/80", "tcp/127.0.0.1/15002",
                "tcp/fd00:1::1/80", "tcp/::1/15001"));
    if (can(Capability.CIDR)) {
      rules.addAll(
          List.of(
              redirect("tcp 10.1.0.2", 15002),
              redirect("tcp 10.1.0.128/25 1-80", 15003),
              redirect("udp fd00:1::/64 9", 15001)));
      expected.putAll(
          Map.of(
              "tcp/10.1.0.2/12345", "tcp/127.0.0.1/15002",
              "tcp/10.1.0.200/1", "tcp/127.0.0.1/15003",
              "udp/fd00:1::abcd/9", "udp/::1/15001"));
    }
    try (Session session = open()) {
      session.apply(plan(rules.toArray(InterceptPlan.Rule[]::new)));

      assertThat(lab().askFromHost(expected.keySet().toArray(String[]::new)))
          .containsExactlyInAnyOrderEntriesOf(expected);
    }
    assertThat(lab().askFromHost("tcp/10.1.0.1/80", "tcp/fd00:1::1/80"))
        .containsEntry("tcp/10.1.0.1/80", "tcp/10.1.0.1/80")
        .containsEntry("tcp/fd00:1::1/80", "tcp/fd00:1::1/80");
  }

  @Test
  void rejectsAtOnceAndInThePlansOrder() throws IOException {
    lab().serve("tcp/127.0.0.1/15001", "udp/127.0.0.1/15001", "tcp/::1/15001");
    List<InterceptPlan.Rule> rules =
        new ArrayList<>(
            List.of(
                redirect("tcp 10.1.0.1 80", 15001),
                reject("tcp 10.1.0.1"),
                reject("udp 10.1.0.1"),
                redirect("tcp fd00:1::1 81", 15001),
                reject("tcp fd00:1::1"),
                reject("udp fd00:1::1")));
    Map<String, String> expected =
        new HashMap<>(
            Map.of(
                "tcp/10.1.0.1/80", "tcp/127.0.0.1/15001",
                "tcp/10.1.0.1/81", "refused",
                "udp/10.1.0.1/80", "refused",
                "tcp/fd00:1::1/80", "refused",
                "tcp/fd00:1::1/81", "tcp/::1/15001",
                "udp/fd00:1::1/80", "refused"));
    if (can(Capability.CIDR)) {
      rules.addAll(
          List.of(
              redirect("tcp 10.1.0.0/24", 15001),
              redirect("udp 10.1.0.0/24", 15001),
              // Redirected packets go to a loopback address: this must not refuse them.
              reject("tcp 127.0.0.0/8 15001")));
      expected.putAll(
          Map.of(
              "tcp/10.1.0.2/81", "tcp/127.0.0.1/15001",
              "udp/10.1.0.2/81", "udp/127.0.0.1/15001",
              "tcp/127.0.0.1/15001", "refused"));
    }
    try (Session session = open()) {
      session.apply(plan(rules.toArray(InterceptPlan.Rule[]::new)));

      assertThat(lab().askFromHost(expected.keySet().toArray(String[]::new)))
          .containsExactlyInAnyOrderEntriesOf(expected);
    }
  }

  @Test
  void countsWhatItsRulesMatch() throws IOException {
    assumeTrue(counts(), "has rules that count");
    lab().serve("tcp/127.0.0.1/15001", "udp/127.0.0.1/15001");
    InetSocketAddress web = new InetSocketAddress("10.1.0.1", 80);
    InetSocketAddress closed = new InetSocketAddress("10.1.0.1", 81);
    try (Session session = open()) {
      session.apply(
          plan(
              redirect("tcp 10.1.0.1 80", 15001),
              redirect("udp 10.1.0.1 9", 15001),
              reject("tcp 10.1.0.1 81"),
              redirect("tcp 10.1.0.1 1000-2000", 15001),
              redirect("tcp 10.2.0.0/16 80-90,99", 15001),
              reject("tcp 10.2.0.0/16"),
              redirect("udp 10.0.0.0/8", 15001)));
      assertThat(session.matching(Protocol.TCP, web).orElseThrow().flows()).isZero();

      lab()
          .askFromHost(
              "tcp/10.1.0.1/80",
              "tcp/10.1.0.1/81",
              "udp/10.1.0.1/9",
              "tcp/10.1.0.1/1500",
              "tcp/10.2.3.4/85",
              "tcp/10.2.3.4/443",
              "udp/10.3.3.3/7");

      assertThat(session.matching(Protocol.TCP, web).orElseThrow().flows()).isOne();
      assertThat(session.matching(Protocol.TCP, web).orElseThrow().rule()).contains("15001");
      assertThat(session.matching(Protocol.TCP, closed).orElseThrow().flows()).isPositive();
      for (Map.Entry<InetSocketAddress, Protocol> asked :
          Map.of(
                  new InetSocketAddress("10.1.0.1", 9), Protocol.UDP,
                  new InetSocketAddress("10.1.0.1", 1500), Protocol.TCP,
                  new InetSocketAddress("10.2.3.4", 85), Protocol.TCP,
                  new InetSocketAddress("10.3.3.3", 7), Protocol.UDP)
              .entrySet()) {
        assertThat(session.matching(asked.getValue(), asked.getKey()))
            .as("%s", asked)
            .hasValueSatisfying(match -> assertThat(match.flows()).isOne())
            .hasValueSatisfying(match -> assertThat(match.rule()).contains("15001"));
      }
      InetSocketAddress refused = new InetSocketAddress("10.2.3.4", 443);
      assertThat(session.matching(Protocol.TCP, refused).orElseThrow().flows()).isPositive();
      assertThat(session.matching(Protocol.TCP, new InetSocketAddress("10.1.0.9", 80))).isEmpty();
    }
  }

  @Test
  void leavesOurOwnGroupAloneWhereItCan() throws IOException {
    lab().serve("tcp/127.0.0.1/15001", "tcp/::1/15001");
    boolean selective = can(Capability.SELECTIVE);
    try (Session session = open()) {
      session.apply(
          plan(
              redirect("tcp 10.1.0.1 80", 15001),
              reject("tcp 10.1.0.1 81"),
              redirect("tcp fd00:1::1 80", 15001)));

      assertThat(lab().askExempt("tcp/10.1.0.1/80", "tcp/10.1.0.1/81", "tcp/fd00:1::1/80"))
          .containsExactlyInAnyOrderEntriesOf(
              Map.of(
                  "tcp/10.1.0.1/80", selective ? "tcp/10.1.0.1/80" : "tcp/127.0.0.1/15001",
                  "tcp/10.1.0.1/81", selective ? "tcp/10.1.0.1/81" : "refused",
                  "tcp/fd00:1::1/80", selective ? "tcp/fd00:1::1/80" : "tcp/::1/15001"));
    }
  }

  @Test
  void interceptsContainersBehindTheBridgesOfThePlanOnly() throws IOException {
    assumeTrue(can(Capability.CONTAINERS), "it does not claim to");
    lab()
        .serve(
            "tcp/" + Lab.BRIDGE + "/15001",
            "udp/" + Lab.BRIDGE + "/15053",
            "tcp/fd30::1/15001",
            "tcp/127.0.0.1/15001");
    String[] endpoints = {
      "tcp/10.1.0.1/80",
      "tcp/10.1.0.1/81",
      "udp/10.1.0.1/53",
      "tcp/fd00:1::1/80",
      "tcp/fd00:1::1/81"
    };
    try (Session session = open()) {
      InterceptPlan plan =
          InterceptPlan.of(
              List.of(
                  redirect("tcp 10.1.0.1 80", 15001),
                  reject("tcp 10.1.0.1"),
                  redirect("tcp fd00:1::1 80", 15001),
                  reject("tcp fd00:1::1")),
              dns(15053, "10.1.0.1"),
              List.of("br0"));
      session.apply(plan);

      assertThat(lab().askFromContainer(endpoints))
          .containsExactlyInAnyOrderEntriesOf(
              Map.of(
                  "tcp/10.1.0.1/80", "tcp/" + Lab.BRIDGE + "/15001",
                  "tcp/10.1.0.1/81", "refused",
                  "udp/10.1.0.1/53", "udp/" + Lab.BRIDGE + "/15053",
                  "tcp/fd00:1::1/80", "tcp/fd30::1/15001",
                  "tcp/fd00:1::1/81", "refused"));

      session.apply(bridged(List.of("other0"), plan.rules().toArray(InterceptPlan.Rule[]::new)));

      assertThat(lab().askFromContainer("tcp/10.1.0.1/80", "tcp/10.1.0.1/81"))
          .containsEntry("tcp/10.1.0.1/80", "tcp/10.1.0.1/80")
          .containsEntry("tcp/10.1.0.1/81", "tcp/10.1.0.1/81");
      assertThat(lab().askFromHost("tcp/10.1.0.1/80"))
          .containsEntry("tcp/10.1.0.1/80", "tcp/127.0.0.1/15001");
    }
  }

  @Test
  void capturesDnsBeforeAnyRule() throws IOException {
    assumeTrue(can(Capability.DNS_CAPTURE), "it does not claim to");
    lab()
        .serve(
            "udp/127.0.0.1/15053", "tcp/127.0.0.1/15053", "udp/::1/15053", "tcp/127.0.0.1/15001");
    try (Session session = open()) {
      session.apply(
          InterceptPlan.of(
              List.of(redirect("tcp 10.1.0.9 53", 15001), reject("udp 10.1.0.9")),
              dns(15053, "10.1.0.9", "127.0.0.53", "fd00:1::53"),
              List.of()));

      assertThat(
              lab()
                  .askFromHost(
                      "udp/10.1.0.9/53",
                      "tcp/10.1.0.9/53",
                      "udp/10.1.0.9/54",
                      "udp/127.0.0.53/53",
                      "udp/fd00:1::53/53"))
          .containsExactlyInAnyOrderEntriesOf(
              Map.of(
                  "udp/10.1.0.9/53", "udp/127.0.0.1/15053",
                  "tcp/10.1.0.9/53", "tcp/127.0.0.1/15053",
                  "udp/10.1.0.9/54", "refused",
                  "udp/127.0.0.53/53", "udp/127.0.0.1/15053",
                  "udp/fd00:1::53/53", "udp/::1/15053"));
    }
  }

  @Test
  void eachUdpDestinationGoesToAPortOfItsOwn() throws IOException {
    lab()
        .serve(
            "udp/127.0.0.1/15011",
            "udp/127.0.0.1/15012",
            "udp/::1/15013",
            "udp/" + Lab.BRIDGE + "/15011",
            "udp/" + Lab.BRIDGE + "/15012",
            "udp/fd30::1/15013");
    String[] endpoints = {
      "udp/10.1.0.1/7", "udp/10.1.0.1/9", "udp/10.1.0.1/11", "udp/fd00:1::1/7", "udp/fd00:1::1/8"
    };
    try (Session session = open()) {
      session.apply(
          bridged(
              List.of("br0"),
              redirect("udp 10.1.0.1 7", 15011),
              redirect("udp 10.1.0.1 9", 15012),
              reject("udp 10.1.0.1"),
              redirect("udp fd00:1::1 7", 15013),
              reject("udp fd00:1::1")));

      assertThat(lab().askFromHost(endpoints))
          .containsExactlyInAnyOrderEntriesOf(
              Map.of(
                  "udp/10.1.0.1/7", "udp/127.0.0.1/15011",
                  "udp/10.1.0.1/9", "udp/127.0.0.1/15012",
                  "udp/10.1.0.1/11", "refused",
                  "udp/fd00:1::1/7", "udp/::1/15013",
                  "udp/fd00:1::1/8", "refused"));
      if (!can(Capability.CONTAINERS)) {
        return;
      }
      assertThat(lab().askFromContainer(endpoints))
          .containsExactlyInAnyOrderEntriesOf(
              Map.of(
                  "udp/10.1.0.1/7", "udp/" + Lab.BRIDGE + "/15011",
                  "udp/10.1.0.1/9", "udp/" + Lab.BRIDGE + "/15012",
                  "udp/10.1.0.1/11", "refused",
                  "udp/fd00:1::1/7", "udp/fd30::1/15013",
                  "udp/fd00:1::1/8", "refused"));
    }
  }

  @Test
  void aProgramThatKeepsItsSocketFollowsThePlan() throws Exception {
    lab().serve("udp/127.0.0.1/15001", "udp/127.0.0.1/15002");
    assumeTrue(new Machine().executable("conntrack").isPresent(), "needs conntrack");
    Lab.Follower program;
    try (Session session = open()) {
      // Conntrack sees flows from the first rule on.
      session.apply(plan(redirect("tcp 10.1.0.9 80", 15001)));
      program = lab().follow("udp/10.1.0.1/80");
      program.awaitAnswerOf("udp/10.1.0.1/80");
      session.apply(plan(redirect("udp 10.1.0.1 80", 15001)));
      program.awaitAnswerOf("udp/127.0.0.1/15001");
      session.apply(plan(redirect("udp 10.1.0.1 80", 15002)));
      program.awaitAnswerOf("udp/127.0.0.1/15002");
      session.apply(plan(reject("udp 10.1.0.1")));
      program.awaitAnswerOf("refused");
      session.apply(plan(redirect("udp 10.1.0.1 80", 15001)));
      program.awaitAnswerOf("udp/127.0.0.1/15001");
    }
    program.awaitAnswerOf("udp/10.1.0.1/80");
  }

  private boolean can(Capability capability) {
    return interceptor(lab().host).capabilities().contains(capability);
  }

  /** Who answers where no rule speaks of an intercepted address. */
  private String elsewhere(String endpoint) {
    return can(Capability.SELECTIVE) ? endpoint : "refused";
  }

  private Session open() throws IOException {
    Machine machine = machine();
    Interceptor interceptor = interceptor(lab().host);
    assertThat(interceptor.probe(machine)).isInstanceOf(Probe.Applicable.class);
    Session session = interceptor.open(machine);
    return can(Capability.ORIGINAL_DESTINATION) ? session : lab().listening(session);
  }
}
