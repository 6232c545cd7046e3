package io.teleproxy.net;

import io.teleproxy.spi.Prefix;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;

/**
 * The machine's own routes to addresses that we divert: those of a VPN, or of the network at hand.
 * Nothing is done about them. The firewall comes before the route, and only single addresses are
 * diverted by default, so both work but for the addresses that both have.
 */
public final class OverlappingRoutes {
  /** A route of the main table. */
  private record Known(Prefix to, String device) {}

  private final Path net;

  /**
   * @param net {@code /proc/net}; where it is not there, no route is known
   */
  public OverlappingRoutes(Path net) {
    this.net = net;
  }

  /**
   * The routes, other than default and loopback, that lead to any of these destinations.
   *
   * @return {@code 10.0.0.0/8 dev tun0: 12 addresses, such as 10.96.0.1}, sorted
   */
  public List<String> of(Collection<Prefix> diverted) {
    TreeSet<Prefix> destinations = new TreeSet<>(diverted);
    List<String> overlapping = new ArrayList<>();
    for (Known route : known()) {
      List<Prefix> common = destinations.stream().filter(to -> !disjoint(route.to(), to)).toList();
      if (!common.isEmpty()) {
        overlapping.add(
            route.to()
                + " dev "
                + route.device()
                + ": "
                + common.size()
                + (common.size() == 1 ? " destination, " : " destinations, such as ")
                + common.get(0));
      }
    }
    overlapping.sort(null);
    return overlapping;
  }

  private static boolean disjoint(Prefix one, Prefix other) {
    return !one.contains(other.address()) && !other.contains(one.address());
  }

  private List<Known> known() {
    List<Known> routes = new ArrayList<>();
    for (String line : lines("route")) {
      String[] words = line.trim().split("\\s+");
      if (words.length > 7 && !words[0].equals("Iface")) {
        // Numbers in the machine's own byte order (proc(5)).
        add(routes, address(words[1]), Integer.bitCount(number(words[7])), words[0]);
      }
    }
    for (String line : lines("ipv6_route")) {
      String[] words = line.trim().split("\\s+");
      if (words.length > 9) {
        add(routes, HexFormat.of().parseHex(words[0]), Integer.parseInt(words[1], 16), words[9]);
      }
    }
    return routes;
  }

  private static void add(List<Known> routes, byte[] address, int length, String device) {
    if (length == 0 || device.equals("lo")) {
      return;
    }
    try {
      routes.add(new Known(new Prefix(InetAddress.getByAddress(address), length), device));
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static int number(String hex) {
    return Integer.parseUnsignedInt(hex, 16);
  }

  private static byte[] address(String hex) {
    return ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putInt(number(hex)).array();
  }

  private List<String> lines(String file) {
    try {
      return Files.readAllLines(net.resolve(file));
    } catch (IOException e) {
      // Not Linux, or without IPv6.
      return List.of();
    }
  }
}
