package io.teleproxy.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Prefix;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WaysThereTest {
  private final List<Health> told = new ArrayList<>();
  private final Set<InetAddress> reachable = new HashSet<>();
  private final WaysThere ways = new WaysThere(told::add, reachable::contains);
  private final List<InetAddress> nameserver = List.of(address("192.0.2.53"));
  private final List<Prefix> cluster =
      List.of(new Prefix(address("10.96.0.10"), 32), new Prefix(address("127.254.254.254"), 32));

  @Test
  void whatHasNoWayIsNamedWithWhatToDoAndForgottenWhenThereIsOne() {
    ways.look(false, nameserver, cluster);
    assertThat(told.get(0).cause()).isEqualTo(Cause.NO_DEFAULT_ROUTE);
    assertThat(told.get(0).reason()).contains("192.0.2.53", "10.96.0.10").doesNotContain("127.");
    assertThat(told.get(0).remedy()).contains("ip route add 192.0.2.53 dev lo");

    reachable.addAll(List.of(address("192.0.2.53"), address("10.96.0.10")));
    ways.look(true, nameserver, cluster);
    assertThat(told.get(1).state()).isEqualTo(Health.State.READY);
    ways.look(true, nameserver, cluster);
    assertThat(told).hasSize(2);
  }

  @Test
  void whoHasADefaultRouteIsNotAsked() {
    ways.look(true, nameserver, cluster);
    assertThat(told).isEmpty();
  }

  @Test
  void whoReachesAllWithoutOneIsWell() {
    reachable.addAll(List.of(address("192.0.2.53"), address("10.96.0.10")));
    ways.look(false, nameserver, cluster);
    assertThat(told).isEmpty();
  }

  private static InetAddress address(String text) {
    try {
      return InetAddress.getByName(text);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
