package io.teleproxy.plugin.perport;

import io.teleproxy.spi.Journal;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.spi.process.CommandRunner.Outcome;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The addresses that we have added to {@code lo}, all that come together as one entry of the
 * journal. Those that the machine had before are used, and stay. For one thread.
 *
 * <p>An IPv4 address has the scope {@code host} and an IPv6 address is deprecated from the
 * beginning, so that neither becomes the source of connections to elsewhere (RFC 6724).
 */
final class LoopbackAddresses {
  /**
   * Removes what is left of the arguments, and fails if one is still there. Of IPv6 the kernel
   * writes another form than we do, so it is asked.
   */
  private static final String UNDO =
      "ip=$1; shift;"
          + " for a; do echo \"address del $a dev lo\"; done | $ip -force -batch - 2>/dev/null;"
          + " left=$($ip -o -4 address show dev lo);"
          + " for a; do case $a in"
          + " *:*) [ -z \"$($ip -o -6 address show dev lo to \"$a\")\" ] || exit 1;;"
          + " *) case $left in *\" $a \"*) exit 1;; esac;; esac; done";

  private record Noted(Journal.Entry entry, Set<InetAddress> addresses) {}

  private final CommandRunner runner;
  private final String ip;
  private final String shell;
  private final Journal journal;
  private final boolean ipv6;
  private final Set<InetAddress> ours = new HashSet<>();
  private final List<Noted> noted = new ArrayList<>();

  /**
   * @param ip path of ip(8)
   * @param shell path of sh(1)
   * @param ipv6 whether there is IPv6; without, its addresses are passed over
   */
  LoopbackAddresses(CommandRunner runner, String ip, String shell, Journal journal, boolean ipv6) {
    this.runner = runner;
    this.ip = ip;
    this.shell = shell;
    this.journal = journal;
    this.ipv6 = ipv6;
  }

  /**
   * Makes these the addresses that are there because of us.
   *
   * @throws IOException if the system refuses; what was there before the call still is, and what
   *     could be added is there, too, and known
   */
  void set(Collection<InetAddress> wanted) throws IOException {
    Set<InetAddress> missing = new HashSet<>(wanted);
    missing.removeIf(address -> !ipv6 && address instanceof Inet6Address);
    missing.removeAll(ours);
    if (!missing.isEmpty()) {
      missing.removeAll(present());
      add(missing);
    }
    Set<InetAddress> gone = new HashSet<>(ours);
    gone.removeAll(new HashSet<>(wanted));
    if (!gone.isEmpty()) {
      remove(gone);
    }
  }

  private void add(Set<InetAddress> missing) throws IOException {
    if (missing.isEmpty()) {
      return;
    }
    List<String> undo = new ArrayList<>(List.of(shell, "-c", UNDO, "teleproxy", ip));
    missing.forEach(address -> undo.add(text(address)));
    Set<InetAddress> batch = new HashSet<>(missing);
    noted.add(
        new Noted(
            journal.note(
                missing.size() == 1
                    ? "address " + undo.get(undo.size() - 1) + " on lo"
                    : missing.size() + " addresses on lo, among them " + undo.get(undo.size() - 1),
                undo),
            batch));
    ours.addAll(missing);
    StringBuilder commands = new StringBuilder();
    for (InetAddress address : missing) {
      commands.append("address add ").append(text(address)).append(" dev lo");
      commands.append(
          address instanceof Inet6Address ? " nodad preferred_lft 0\n" : " scope host\n");
    }
    Outcome outcome = runner.run(List.of(ip, "-batch", "-"), commands.toString());
    if (!outcome.ok()) {
      throw new IOException(
          missing.size()
              + " addresses cannot be added to lo (exit "
              + outcome.status()
              + ": "
              + outcome.complaint()
              + ")");
    }
    Set<InetAddress> lost = new HashSet<>(missing);
    lost.removeAll(present());
    if (!lost.isEmpty()) {
      throw new IOException("lo did not take " + text(lost.iterator().next()));
    }
  }

  private void remove(Set<InetAddress> gone) throws IOException {
    StringBuilder commands = new StringBuilder();
    gone.forEach(
        address -> commands.append("address del ").append(text(address)).append(" dev lo\n"));
    // Its status says no more than that one was not there any more.
    runner.run(List.of(ip, "-force", "-batch", "-"), commands.toString());
    Set<InetAddress> left = new HashSet<>(gone);
    left.retainAll(present());
    ours.removeIf(address -> gone.contains(address) && !left.contains(address));
    Iterator<Noted> each = noted.iterator();
    while (each.hasNext()) {
      Noted one = each.next();
      one.addresses().retainAll(ours);
      if (one.addresses().isEmpty()) {
        one.entry().undo();
        each.remove();
      }
    }
    if (!left.isEmpty()) {
      throw new IOException(
          left.size()
              + " addresses cannot be removed from lo, among them "
              + text(left.iterator().next()));
    }
  }

  /** All addresses of the machine, on whichever interface. */
  private Set<InetAddress> present() throws IOException {
    Outcome outcome = runner.run(List.of(ip, "-o", "address", "show"));
    if (!outcome.ok()) {
      throw new IOException("ip address show failed: " + outcome.complaint());
    }
    Map<String, InetAddress> found = new HashMap<>();
    for (String line : outcome.output().split("\n")) {
      String[] words = line.strip().split("\\s+");
      if (words.length > 3 && words[2].startsWith("inet")) {
        String address = words[3].replaceFirst("/.*", "");
        found.put(address, Prefix.parseAddress(address));
      }
    }
    return new HashSet<>(found.values());
  }

  /** {@code 10.0.0.1/32}, {@code fd00:0:0:0:0:0:0:1/128}. */
  private static String text(InetAddress address) {
    return address.getHostAddress() + (address instanceof Inet6Address ? "/128" : "/32");
  }
}
