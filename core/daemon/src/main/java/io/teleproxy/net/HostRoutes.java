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
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;

/**
 * The machine's routes as {@code /proc/net/route} and {@code /proc/net/ipv6_route} tell them, those
 * of loopback left out; and IPv4 routes of tables other than main, of which only {@code
 * /proc/net/fib_trie} knows, without their devices. A rule leads to such a table (ip-rule(8)), or
 * nobody would have made it: a VPN's, as Tailscale's 52.
 *
 * @param all in the kernel's order
 */
public record HostRoutes(List<Route> all) {
  /** Routes that refuse what they match, and those of the machine's own addresses. */
  private static final int RTF_REJECT = 0x0200;

  private static final int RTF_LOCAL = 0x80000000;

  /**
   * A route.
   *
   * @param device the interface's name; empty where only the table is known
   * @param gateway as the kernel prints it, which tells one from another; or the table's number
   */
  public record Route(Prefix to, String device, String gateway) {
    /** Whether it is the way out for whatever has no better route. */
    boolean isDefault() {
      return to.length() == 0;
    }

    /** {@code 10.0.0.0/8 dev tun0}. */
    @Override
    public String toString() {
      return to + (device.isEmpty() ? " in table " + gateway : " dev " + device);
    }
  }

  /**
   * A route to addresses that are diverted, and so do not go that way.
   *
   * @param count how many of them
   * @param one an example
   */
  public record Overlap(Route route, int count, Prefix one) {
    /** {@code 10.0.0.0/8 dev tun0: 12 destinations, such as 10.96.0.1}. */
    @Override
    public String toString() {
      return route
          + ": "
          + count
          + (count == 1 ? " destination, " : " destinations, such as ")
          + one;
    }
  }

  public HostRoutes {
    all = List.copyOf(all);
  }

  /** The ways out for whatever has no better route. */
  public List<Route> defaults() {
    return all.stream().filter(each -> each.isDefault() && !each.device().isEmpty()).toList();
  }

  /**
   * The routes, other than default, that lead to any of these destinations: those of a VPN, or of
   * the network at hand. Nothing is done about them. The firewall comes before the route, and only
   * single addresses are diverted by default, so both work but for the addresses that both have.
   *
   * @return sorted by their text
   */
  public List<Overlap> overlapping(Collection<Prefix> diverted) {
    TreeSet<Prefix> destinations = new TreeSet<>(diverted);
    List<Overlap> overlapping = new ArrayList<>();
    for (Route route : all) {
      if (!route.isDefault()) {
        List<Prefix> common =
            destinations.stream().filter(to -> !disjoint(route.to(), to)).toList();
        if (!common.isEmpty()) {
          overlapping.add(new Overlap(route, common.size(), common.get(0)));
        }
      }
    }
    overlapping.sort(Comparator.comparing(Overlap::toString));
    return overlapping;
  }

  private static boolean disjoint(Prefix one, Prefix other) {
    return !one.contains(other.address()) && !other.contains(one.address());
  }

  /**
   * As they are now.
   *
   * @param net {@code /proc/net}; where it is not there, no route is known
   */
  public static HostRoutes read(Path net) {
    List<Route> routes = new ArrayList<>();
    for (String line : lines(net.resolve("route"))) {
      String[] words = line.trim().split("\\s+");
      if (words.length > 7 && !words[0].equals("Iface")) {
        // Numbers in the machine's own byte order (proc(5)).
        add(
            routes,
            address(words[1]),
            Integer.bitCount(number(words[7])),
            words[0],
            words[2],
            number(words[3]));
      }
    }
    for (String line : lines(net.resolve("ipv6_route"))) {
      String[] words = line.trim().split("\\s+");
      if (words.length > 9) {
        add(
            routes,
            HexFormat.of().parseHex(words[0]),
            Integer.parseInt(words[1], 16),
            words[9],
            words[4],
            number(words[8]));
      }
    }
    addOfOtherTables(routes, lines(net.resolve("fib_trie")));
    return new HostRoutes(routes);
  }

  /**
   * Of a trie that begins with {@code Id 52:}: {@code |-- 10.7.0.0}, and below it {@code /16 link
   * UNICAST}. Main and local are called by name.
   */
  private static void addOfOtherTables(List<Route> routes, List<String> trie) {
    String table = "";
    String address = "";
    for (String line : trie) {
      String[] words = line.trim().split("\\s+");
      if (line.endsWith(":")) {
        table = words[0].equals("Id") ? words[1].replace(":", "") : "";
      } else if (words[0].equals("|--")) {
        address = words[1];
      } else if (!table.isEmpty() && words.length > 2 && words[2].equals("UNICAST")) {
        routes.add(new Route(Prefix.parse(address + words[0]), "", table));
      }
    }
  }

  private static void add(
      List<Route> routes, byte[] address, int length, String device, String gateway, int flags) {
    if (device.equals("lo") || (flags & (RTF_REJECT | RTF_LOCAL)) != 0) {
      return;
    }
    try {
      routes.add(new Route(new Prefix(InetAddress.getByAddress(address), length), device, gateway));
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

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      // Not Linux, or without IPv6.
      return List.of();
    }
  }
}
