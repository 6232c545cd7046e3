package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What others do to the firewall while we run, and a second run. For each backend. */
@Tag("privileged")
class MeddlingIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** First, before everything. */
  private static final String THEIRS = "OUTPUT -p udp -m udp --dport 53 -j ACCEPT";

  @ParameterizedTest
  @ValueSource(strings = {"linux-nftables", "linux-iptables"})
  void othersAreSurvivedAndTheirRulesStay(String backend) {
    boolean iptables = backend.equals("linux-iptables");
    try (PlainMachine machine = new PlainMachine()) {
      // Whoever looks at tables and chains makes them: here others have.
      machine.run("iptables -t nat -I " + THEIRS + "; iptables -t nat -D " + THEIRS);
      machine.run("iptables -t nat -F; iptables -F; iptables-save | iptables-restore");
      machine.remember();
      String saved;
      try (Product product = machine.ready(backend)) {
        machine.use();

        HostState running = HostState.of(machine.namespace());
        Command.Result second = machine.user(backend).execute("run", "--mode", "intercept");
        assertThat(second.exit()).as("%s", second).isEqualTo(2);
        assertThat(second.err())
            .contains("pid " + product.pid(), "since 20")
            .doesNotContain("Exception");
        assertThat(HostState.of(machine.namespace()).since(running)).isEmpty();
        assertThat(machine.intercepts()).as("the first is untouched").isTrue();

        // What firewalld 1.3 does at a reload, for want of firewalld; and more than it does.
        machine.run(
            iptables
                ? "iptables -t nat -F; iptables -t nat -X TELEPROXY; iptables -F"
                : "nft flush ruleset");
        mended(machine, product, iptables, 1);

        machine.run("iptables -t nat -I " + THEIRS);
        mended(machine, product, iptables, 2);
        assertThat(machine.run("iptables -t nat -S").out()).contains(THEIRS);
        machine.run("iptables -t nat -D " + THEIRS);

        if (iptables) {
          // So many that they are in sets.
          assertThat(
                  machine
                      .http()
                      .post("http://teleproxy/api/tables/", PlainMachine.table("many", 600))
                      .status())
              .isEqualTo(200);
          assertThat(machine.run("ipset list -n").out()).contains("teleproxy-4-tcp-");
          machine.run("ipset flush");
          mended(machine, product, true, 3);
          assertThat(product.stderr()).contains("has 0 elements");
          machine.run("curl -sSf -X DELETE http://teleproxy/api/tables/many");
          await().atMost(PATIENCE).until(() -> machine.run("ipset list -n").out().isEmpty());
        }

        // As iptables-persistent does it: save at one time, restore at another.
        saved = machine.run("iptables-save").out();
        machine.namespace().enter(Command.of("iptables-restore").input(saved)).run().succeeded();
        await().atMost(PATIENCE).until(machine::intercepts);

        assertThat(product.stop()).as("%s", product).isZero();
      }
      machine.asBefore();

      machine.namespace().enter(Command.of("iptables-restore").input(saved)).run().succeeded();
      Command.Result cleanup = machine.user(backend).execute("cleanup");
      assertThat(cleanup.exit()).as("%s", cleanup).isZero();
      assertThat(cleanup.out()).contains(iptables ? "removed: iptables" : "nothing was left");
      machine.asBefore();
    }
  }

  /** Nobody reaches a table that has an owner; iptables rules are made again, and that is said. */
  private static void mended(PlainMachine machine, Product product, boolean said, int times) {
    long start = System.nanoTime();
    await().atMost(PATIENCE).until(machine::intercepts);
    System.out.printf("intercepts again after %d ms%n", (System.nanoTime() - start) / 1_000_000);
    if (said) {
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  product
                          .stderr()
                          .lines()
                          .filter(line -> line.contains("somebody else has changed our rules"))
                          .count()
                      >= times);
      await().atMost(PATIENCE).until(machine::intercepts);
    }
  }
}
