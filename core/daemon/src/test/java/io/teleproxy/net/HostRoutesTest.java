package io.teleproxy.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.Prefix;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostRoutesTest {
  @TempDir Path net;

  @Test
  void routesOfAVpnToDivertedAddressesAreNamedAndNoOthers() throws IOException {
    Assumptions.assumeTrue(ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN);
    // As Linux 6.18 prints them: default, 10.0.0.0/8 dev tun0, 192.168.7.0/24 dev eth0.
    Files.writeString(
        net.resolve("route"),
        """
        Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
        eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
        tun0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0
        eth0\t0007A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
        """);
    Files.writeString(
        net.resolve("ipv6_route"),
        """
        fd000000000000000000000000000000 08 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     tun0
        00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000001 00000000 80200001       lo
        """);
    HostRoutes routes = HostRoutes.read(net);

    assertThat(
            overlapping(
                routes,
                List.of(
                    Prefix.parse("10.96.0.10"),
                    Prefix.parse("10.96.0.1"),
                    Prefix.parse("203.0.113.7"),
                    Prefix.parse("fd00:1::/64"),
                    Prefix.parse("::1"))))
        .containsExactly(
            "10.0.0.0/8 dev tun0: 2 destinations, such as 10.96.0.1",
            "fd00:0:0:0:0:0:0:0/8 dev tun0: 1 destination, fd00:1:0:0:0:0:0:0/64");
    assertThat(routes.defaults()).hasToString("[0.0.0.0/0 dev eth0]");
    assertThat(overlapping(routes, List.of(Prefix.parse("203.0.113.7")))).isEmpty();
    assertThat(overlapping(routes, List.of(Prefix.parse("192.168.0.0/16"))))
        .containsExactly("192.168.7.0/24 dev eth0: 1 destination, 192.168.0.0/16");
  }

  @Test
  void routesOfTablesThatARuleLeadsToAreNamedByTheTable() throws IOException {
    // As Linux 6.18 prints it.
    Files.writeString(
        net.resolve("fib_trie"),
        """
        Id 52:
          +-- 10.76.0.0/14 3 0 5
             |-- 10.77.0.0
                /16 link UNICAST
             |-- 10.79.0.0
                /16 universe UNREACHABLE
        Id 51820:
          |-- 0.0.0.0
             /0 link UNICAST
        Main:
          +-- 0.0.0.0/0 2 0 2
             |-- 10.78.0.0
                /16 link UNICAST
        Local:
          +-- 0.0.0.0/0 2 0 2
             |-- 127.0.0.1
                /32 host LOCAL
        """);
    HostRoutes routes = HostRoutes.read(net);

    assertThat(routes.all()).hasToString("[10.77.0.0/16 in table 52, 0.0.0.0/0 in table 51820]");
    assertThat(overlapping(routes, List.of(Prefix.parse("10.77.0.1"), Prefix.parse("10.79.0.1"))))
        .containsExactly("10.77.0.0/16 in table 52: 1 destination, 10.77.0.1");
    assertThat(routes.defaults()).isEmpty();
  }

  @Test
  void withoutTablesOfRoutesNoneOverlaps() {
    assertThat(overlapping(HostRoutes.read(net), List.of(Prefix.parse("10.96.0.1")))).isEmpty();
  }

  private static List<String> overlapping(HostRoutes routes, List<Prefix> diverted) {
    return routes.overlapping(diverted).stream().map(HostRoutes.Overlap::toString).toList();
  }
}
