package io.teleproxy.plugin.iptables;

import static io.teleproxy.testkit.Plans.redirect;
import static io.teleproxy.testkit.Plans.reject;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.testkit.Machine;
import io.teleproxy.testkit.Plans;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sets of the real ipset: as many rules for ten thousand services as for ten. */
@Tag("privileged")
@Timeout(120)
class SetsInNamespaceTest {
  private static final int SERVICES = 10_000;

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

  @Test
  void aChangeIsOneElementAndRulesStayFew() throws IOException {
    String before = host.firewall();
    IptablesInterceptor interceptor = new IptablesInterceptor(timeout -> host.runner());
    IptablesSession session = (IptablesSession) interceptor.open(new Machine());
    List<Rule> rules = services(SERVICES);
    apply(session, rules, "load");
    assertThat(host.run("iptables-save -t nat").lines().count()).isLessThan(40);
    assertThat(entries("teleproxy-4-tcp-ports-15001")).isEqualTo(SERVICES);
    assertThat(entries("teleproxy-4-tcp-hosts-reject")).isEqualTo(SERVICES);

    rules.add(redirect("tcp 10.99.0.1 80", 15001));
    apply(session, rules, "one more");
    assertThat(host.run("ipset test teleproxy-4-tcp-ports-15001 10.99.0.1,tcp:80")).isEmpty();
    rules.remove(rules.size() - 1);
    apply(session, rules, "one less");
    assertThat(entries("teleproxy-4-tcp-ports-15001")).isEqualTo(SERVICES);

    host.run("ipset flush teleproxy-4-tcp-ports-15001");
    assertThat(session.missing()).hasValueSatisfying(text -> assertThat(text).contains("0 elem"));
    rules.add(redirect("tcp 10.99.0.2 80", 15001));
    apply(session, rules, "after a flush");
    assertThat(entries("teleproxy-4-tcp-ports-15001")).isEqualTo(SERVICES + 1);

    // Few again: rules of their own, and no sets.
    apply(session, services(10), "few");
    assertThat(host.run("ipset list -n")).isEmpty();
    apply(session, rules, "many");
    session.close();
    assertThat(host.run("ipset list -n")).isEmpty();
    assertThat(host.firewall()).isEqualTo(before);
  }

  /** Whoever comes first mends them; both say so. */
  @Test
  void rulesThatSomebodyHasRemovedAsThePlanChangesAreSaidToo() throws IOException {
    IptablesInterceptor interceptor = new IptablesInterceptor(timeout -> host.runner());
    IptablesSession session = (IptablesSession) interceptor.open(new Machine());
    apply(session, services(3), "few");
    PrintStream err = System.err;
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    try {
      System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
      apply(session, services(4), "one more");
      assertThat(said.toString(StandardCharsets.UTF_8)).doesNotContain("somebody else");
      host.run("iptables -t nat -F");
      apply(session, services(5), "one more");
    } finally {
      System.setErr(err);
    }
    assertThat(said.toString(StandardCharsets.UTF_8)).contains("somebody else has changed our");
    session.close();
  }

  @Test
  void setsOfADeadRunAreRemovedAndSaid() throws IOException {
    IptablesInterceptor dead = new IptablesInterceptor(timeout -> host.runner());
    apply((IptablesSession) dead.open(new Machine()), services(1000), "a run that dies");

    assertThat(new IptablesInterceptor(timeout -> host.runner()).recover(new Machine()))
        .anyMatch(line -> line.contains("ipset teleproxy-4-tcp-ports-15001"));
    assertThat(host.run("ipset list -n")).isEmpty();
  }

  @Test
  void withoutIpsetEachAddressHasARuleOfItsOwn() throws IOException {
    IptablesInterceptor interceptor = new IptablesInterceptor(timeout -> host.runner());
    IptablesSession session = (IptablesSession) interceptor.open(new Machine().without("ipset"));
    apply(session, services(600), "without ipset");
    assertThat(host.run("iptables-save -t nat").lines().count()).isGreaterThan(600);
    session.close();
  }

  private static List<Rule> services(int count) {
    List<Rule> rules = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String address = "10." + (i >> 16) + "." + (i >> 8 & 255) + "." + (i & 255);
      rules.add(redirect("tcp " + address + " 80", 15001));
      rules.add(reject("tcp " + address));
      rules.add(reject("udp " + address));
    }
    return rules;
  }

  private static void apply(IptablesSession session, List<Rule> rules, String what)
      throws IOException {
    InterceptPlan plan = InterceptPlan.of(rules, Plans.dns(15053, "10.1.0.9"), List.of());
    long start = System.nanoTime();
    session.apply(plan);
    System.out.printf("%s: %d ms%n", what, (System.nanoTime() - start) / 1_000_000);
  }

  private int entries(String set) throws IOException {
    String header = host.run("ipset list -terse " + set);
    return Integer.parseInt(header.substring(header.lastIndexOf(':') + 1).trim());
  }
}
