package io.teleproxy.plugin.iptables;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.Prefix;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class KnownQueriesTest {
  private final List<String> commands = new ArrayList<>();

  @Test
  void forgetsTheFlowsOfEachNameserver() {
    queries("/usr/sbin/conntrack").forget(nameservers());
    assertThat(commands)
        .containsExactly(
            "/usr/sbin/conntrack -D -f ipv4 -p udp --orig-dst 10.0.0.1 --orig-port-dst 53",
            "/usr/sbin/conntrack -D -f ipv6 -p udp --orig-dst fd00::1 --orig-port-dst 53");
  }

  @Test
  void doesNothingWhereConntrackIsNotInstalled() {
    queries("").forget(nameservers());
    assertThat(commands).isEmpty();
  }

  @Test
  void oneFailureKeepsNoOtherFromBeingTried() {
    new KnownQueries(
            (command, input) -> {
              commands.add(String.join(" ", command));
              throw new IOException("timed out");
            },
            "conntrack")
        .forget(nameservers());
    assertThat(commands).hasSize(2);
  }

  private KnownQueries queries(String conntrack) {
    return new KnownQueries(
        (command, input) -> {
          commands.add(String.join(" ", command));
          return new CommandRunner.Outcome(1, "", "0 flow entries have been deleted.");
        },
        conntrack);
  }

  private static List<InetAddress> nameservers() {
    return List.of(Prefix.parseAddress("10.0.0.1"), Prefix.parseAddress("fd00::1"));
  }
}
