package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The nameservers that the machine had before, asked through us and instead of us. */
@Tag("privileged")
class NameserversIT {
  private static final String FIRST = "192.0.2.53";
  private static final String SECOND = "192.0.2.54";
  private static final String DEAD = "192.0.2.99";
  private static final String SIXTH = "fd00:53::1";
  private static final String TABLES = "http://teleproxy/api/tables/";
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private Namespace machine;
  private Upstream upstream;
  private Product product;
  private Http http;

  @BeforeEach
  void start() {
    assumeFalse(
        Backend.isNamed(Backend.PER_PORT), "queries to nameservers by name are not captured");
    Requirements.privileged();
    machine = Namespace.create().addresses(FIRST, SECOND, DEAD);
    Command.of("ip", "-n", machine.name(), "address", "add", SIXTH + "/128", "dev", "lo", "nodad")
        .run()
        .succeeded();
    machine.resolvConf("nameserver " + FIRST + "\n");
    upstream = new Upstream(machine, FIRST, SECOND, SIXTH);
    http = new Http(machine);
    product = Product.user(machine).start("run", "--mode", "intercept");
    product.awaitReady();
    assertThat(
            http.post(
                    TABLES,
                    "[{\"name\": \"t\", \"routes\": [{\"name\": \"myhost\", \"ip\": \"1.2.3.4\","
                        + " \"target\": \"1080\"}]}]")
                .status())
        .isEqualTo(200);
  }

  @AfterEach
  void stop() {
    if (product != null) {
      product.close();
    }
    if (upstream != null) {
      upstream.close();
    }
    if (machine != null) {
      machine.close();
    }
  }

  @Test
  void whateverIsRelayedComesBackAsItWas() {
    for (String question :
        List.of(
            "www.example.test A",
            "www.example.test AAAA",
            "example.test TXT +dnssec",
            "example.test MX +cdflag +adflag",
            "example.test MX +noedns +norecurse",
            "rare.example.test TYPE65400",
            "rare.example.test TYPE65400 +tcp",
            "version.bind TXT CH",
            "big.example.test TXT",
            "big.example.test TXT +bufsize=512 +ignore",
            "big.example.test TXT +tcp",
            "www.example.test A +ednsopt=65001:abcdef",
            "www.example.test ANY +notcp",
            "nothing.example.test A",
            "example.test SOA +opcode=notify",
            "example.test SOA +opcode=status")) {
      assertThat(dig(FIRST, question)).as(question).isEqualTo(dig(SECOND, question));
    }
    assertThat(dig(FIRST, "big.example.test TXT +bufsize=512 +ignore")).contains(" tc ");
    assertThat(dig(FIRST, "rare.example.test TYPE65400")).contains("\\# 4 0102ABCD");
    // Several queries on one connection.
    assertThat(
            machine
                .command(
                    "dig",
                    "+short",
                    "+tcp",
                    "+keepopen",
                    "@" + FIRST,
                    "www.example.test",
                    "myhost",
                    "www.example.test")
                .run()
                .lines())
        .containsExactly(Upstream.WWW, "1.2.3.4", Upstream.WWW);
  }

  @Test
  void changedNameserversAreCapturedAndTheOldOnesReleased() {
    assertThat(http.dig("myhost", "@" + FIRST)).containsExactly("1.2.3.4");
    assertThat(http.dig("myhost", "@" + SECOND)).isEmpty();

    machine.resolvConf("nameserver " + SECOND + "\n");
    within("the new nameserver is captured", () -> ours(SECOND));
    within("the old one is released", () -> !ours(FIRST));
    assertThat(http.dig("www.example.test")).containsExactly(Upstream.WWW);

    machine.resolvConf("nameserver " + SIXTH + "\n");
    within("a nameserver with an IPv6 address is captured", () -> ours(SIXTH));
    assertThat(http.dig("www.example.test")).containsExactly(Upstream.WWW);

    machine.resolvConf("nameserver " + DEAD + "\nnameserver " + SECOND + "\noptions timeout:1\n");
    within("all of several are captured", () -> ours(DEAD) && ours(SECOND));
    assertThat(http.dig("www.example.test")).as("the first is dead").contains(Upstream.WWW);

    machine.resolvConf("nameserver " + DEAD + "\noptions timeout:1\n");
    within("only the dead one is captured", () -> ours(DEAD) && !ours(SECOND));
    assertThat(http.dig("www.example.test")).isEmpty();
    assertThat(product.user().execute("status").out())
        .contains("none of your nameservers answers: " + DEAD, "--fallback");
    assertThat(product.user().execute("explain", "www.example.test").out())
        .contains("It is none of ours, and none of your nameservers answers: " + DEAD)
        .contains("Broken: name. Names of the tables resolve, others do not. Check network");

    machine.resolvConf("# none\n");
    within("without any, what the C library asks is captured", () -> ours("127.0.0.1"));
  }

  @Test
  void addressesAndRoutesOfTheMachineAreFollowedAndThoseThatOverlapNamed() {
    run("ip link add vpn0 type veth peer vpn1");
    run("ip address add 198.51.100.7/24 dev vpn0");
    run("ip link set vpn0 up");
    within("an address is seen", () -> logs("vpn0 198.51.100.7/24"));

    run("ip route add 1.2.3.0/24 dev vpn0");
    within(
        "a route to what is diverted is named", () -> logs("1.2.3.0/24 dev vpn0: 1 destination"));
    assertThat(http.get("http://teleproxy/api/status").body()).contains("1.2.3.0/24 dev vpn0");
    assertThat(http.dig("myhost", "@" + FIRST)).as("it is not fought").containsExactly("1.2.3.4");

    run("ip route add default dev vpn0");
    within("a way out is seen", () -> logs("out=[vpn0]"));

    run("ip link del vpn0");
    within("its end is seen", () -> logs("the route 1.2.3.0/24 dev vpn0 to addresses of the"));
    assertThat(http.get("http://teleproxy/api/status").body()).doesNotContain("vpn0");
  }

  private void run(String command) {
    machine.command(command.split(" ")).run().succeeded();
  }

  private boolean logs(String text) {
    return product.stderr().contains(text);
  }

  @Test
  void aNameserverAmongAddressesOfATableIsStillOne() {
    assertThat(
            http.post(
                    TABLES,
                    "[{\"name\": \"wide\", \"routes\": ["
                        + "{\"ip\": \"192.0.2.0/24\", \"action\": \"reject\"},"
                        + "{\"ip\": \"192.0.2.53\", \"action\": \"reject\", \"proto\": \"udp\"}]}]")
                .status())
        .isEqualTo(200);

    for (String protocol : List.of("+notcp", "+tcp")) {
      assertThat(http.dig("myhost", protocol)).containsExactly("1.2.3.4");
      assertThat(http.dig("www.example.test", protocol)).containsExactly(Upstream.WWW);
    }
  }

  @Test
  void namesResolveAgainWhenTheDaemonIsKilled() {
    assertThat(http.dig("myhost")).containsExactly("1.2.3.4");
    Requirements.met(firewall().equals("linux-nftables"), "another firewall is another's test");
    product.signal("KILL");
    assertThat(within("after SIGKILL", this::resolvesWithoutUs)).isLessThan(Duration.ofSeconds(1));
  }

  @Test
  void namesResolveAgainWhenTheDaemonHangs() {
    Requirements.met(firewall().equals("linux-nftables"), "another firewall is another's test");
    product.signal("STOP");
    assertThat(within("after SIGSTOP", this::resolvesWithoutUs)).isLessThan(Duration.ofSeconds(10));
    product.signal("CONT");
    within("after SIGCONT our names are back", () -> ours(FIRST));
  }

  private String firewall() {
    String ready = product.awaitReady();
    return ready.substring(ready.lastIndexOf(' ') + 1);
  }

  private boolean resolvesWithoutUs() {
    return http.dig("www.example.test", "+time=1").contains(Upstream.WWW)
        && http.dig("myhost", "+time=1").isEmpty();
  }

  private boolean ours(String nameserver) {
    return http.dig("myhost", "@" + nameserver, "+time=1").contains("1.2.3.4");
  }

  /** All that dig says about an answer but for what differs each time. */
  private String dig(String nameserver, String question) {
    List<String> words = new ArrayList<>(List.of("dig", "+nocookie", "@" + nameserver));
    words.addAll(List.of(question.split(" ")));
    return machine
        .command(words.toArray(String[]::new))
        .run()
        .out()
        .lines()
        .filter(line -> !line.startsWith("; <<>>") && !line.startsWith(";; Query time"))
        .filter(line -> !line.startsWith(";; SERVER") && !line.startsWith(";; WHEN"))
        .map(line -> line.replaceFirst("id: [0-9]+", "id: *"))
        .sorted()
        .reduce("", (all, line) -> all + line + "\n");
  }

  /** How long it took: until the look began that saw it. */
  private static Duration within(String what, Callable<Boolean> condition) {
    long start = System.nanoTime();
    AtomicLong look = new AtomicLong();
    await(what)
        .atMost(LIMIT)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(20))
        .until(
            () -> {
              look.set(System.nanoTime());
              return condition.call();
            });
    Duration took = Duration.ofNanos(look.get() - start);
    System.out.printf(Locale.ROOT, "%s: %d ms%n", what, took.toMillis());
    return took;
  }
}
