package io.teleproxy.plugin.netsh;

import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.spi.process.CommandRunner.Outcome;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * netsh(1) and reg(1) of Windows. What they say is in the user's language, so it is never read:
 * whether something worked is read back from the registry.
 */
final class Netsh {
  /** Where the port proxy keeps its entries: one key for each pair of families. */
  private static final String ENTRIES = "HKLM\\SYSTEM\\CurrentControlSet\\Services\\PortProxy";

  /** The loopback interface, whose name is translated; its index is not. */
  private static final int LOOPBACK = 1;

  private final CommandRunner runner;
  private final String netsh;
  private final String reg;

  Netsh(CommandRunner runner, WindowsFolder windows) {
    this.runner = runner;
    this.netsh = windows.program("netsh.exe");
    this.reg = windows.program("reg.exe");
  }

  /**
   * Active means: gone after a restart. Nobody should take it for the source of his connections.
   */
  static String addAlias(InetAddress address) {
    return address instanceof Inet6Address
        ? "interface ipv6 add address interface=%d address=%s/128 store=active skipassource=true"
            .formatted(LOOPBACK, address.getHostAddress())
        : "interface ipv4 add address name=%d address=%s mask=255.255.255.255 store=active skipassource=true"
            .formatted(LOOPBACK, address.getHostAddress());
  }

  static String deleteAlias(InetAddress address) {
    return address instanceof Inet6Address
        ? "interface ipv6 delete address interface=%d address=%s store=active"
            .formatted(LOOPBACK, address.getHostAddress())
        : "interface ipv4 delete address name=%d address=%s store=active"
            .formatted(LOOPBACK, address.getHostAddress());
  }

  static String addEntry(InetSocketAddress from, InetSocketAddress to) {
    return "interface portproxy add %s listenaddress=%s listenport=%d connectaddress=%s connectport=%d protocol=tcp"
        .formatted(
            kind(from),
            from.getAddress().getHostAddress(),
            from.getPort(),
            to.getAddress().getHostAddress(),
            to.getPort());
  }

  static String deleteEntry(InetSocketAddress from) {
    return "interface portproxy delete %s listenaddress=%s listenport=%d protocol=tcp"
        .formatted(kind(from), from.getAddress().getHostAddress(), from.getPort());
  }

  private static String kind(InetSocketAddress from) {
    return from.getAddress() instanceof Inet6Address ? "v6tov4" : "v4tov4";
  }

  /**
   * Runs commands one after the other in one process, which reads them like a shell, and goes on
   * after one that fails.
   */
  void run(List<String> commands) throws IOException {
    if (!commands.isEmpty()) {
      runner.run(List.of(netsh), String.join("\r\n", commands) + "\r\nexit\r\n");
    }
  }

  /** All entries for TCP of the port proxy, also those of others. */
  SortedMap<InetSocketAddress, InetSocketAddress> entries() throws IOException {
    SortedMap<InetSocketAddress, InetSocketAddress> entries =
        new TreeMap<>(Redirections.BY_ADDRESS);
    // Exit status 1: nobody has ever made an entry.
    Outcome outcome = runner.run(List.of(reg, "query", ENTRIES, "/s"));
    boolean tcp = false;
    for (String line : outcome.output().split("\\R")) {
      if (line.startsWith("HKEY_")) {
        tcp = line.strip().endsWith("\\v4tov4\\tcp") || line.strip().endsWith("\\v6tov4\\tcp");
      } else if (tcp) {
        List<String> words = new ArrayList<>(Arrays.asList(line.strip().split("\\s+")));
        if (words.size() == 3 && words.get(1).equals("REG_SZ")) {
          add(entries, words.get(0), words.get(2));
        }
      }
    }
    return entries;
  }

  /** {@code 10.0.0.1/80} as it stands in the registry; names of hosts are somebody else's. */
  private static void add(
      SortedMap<InetSocketAddress, InetSocketAddress> entries, String from, String to) {
    try {
      entries.put(parse(from), parse(to));
    } catch (IllegalArgumentException e) {
      // We write addresses only.
    }
  }

  private static InetSocketAddress parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      throw new IllegalArgumentException(text);
    }
    return new InetSocketAddress(
        Prefix.parseAddress(text.substring(0, slash)), Integer.parseInt(text.substring(slash + 1)));
  }
}
