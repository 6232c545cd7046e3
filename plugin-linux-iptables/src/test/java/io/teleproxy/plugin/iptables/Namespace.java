package io.teleproxy.plugin.iptables;

import io.teleproxy.plugin.iptables.CommandRunner.Outcome;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A network namespace of its own, with loopback up; removed on close. */
final class Namespace implements AutoCloseable {
  private static final AtomicInteger COUNT = new AtomicInteger();

  private final String name =
      "ipt-" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
  private final CommandRunner plain = new ProcessRunner(Duration.ofSeconds(20));

  Namespace() throws IOException {
    host("ip netns add " + name);
    run("ip link set lo up");
  }

  String name() {
    return name;
  }

  /** Puts a command into this namespace. */
  List<String> enter(List<String> command) {
    List<String> line = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + name));
    line.addAll(command);
    return line;
  }

  /** A runner whose commands run here. */
  CommandRunner runner() {
    return (command, input) -> plain.run(enter(command), input);
  }

  /** Runs a command without quoting here, which must succeed; returns what it wrote. */
  String run(String command) throws IOException {
    return check(command, runner().run(List.of(command.split(" "))));
  }

  /** Feeds a script to a command here, which must succeed. */
  void feed(String command, String input) throws IOException {
    check(command, runner().run(List.of(command.split(" ")), input));
  }

  /** Connects this namespace with another by a pair of interfaces. */
  void link(String mine, Namespace other, String theirs) throws IOException {
    host(
        "ip link add "
            + mine
            + " netns "
            + name
            + " type veth peer "
            + theirs
            + " netns "
            + other.name);
    run("ip link set " + mine + " up");
    other.run("ip link set " + theirs + " up");
  }

  void forward() throws IOException {
    run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
  }

  /** Both families' rules in both variants and the nftables ruleset, without counters. */
  String firewall() throws IOException {
    return saved() + withoutCounters(run("nft list ruleset"));
  }

  /** The same without the nftables ruleset, whose order is that in which things were made. */
  String saved() throws IOException {
    StringBuilder all = new StringBuilder();
    for (String variant : List.of("nft", "legacy")) {
      for (String family : List.of("iptables", "ip6tables")) {
        all.append(run(family + "-" + variant + "-save"));
      }
    }
    return withoutCounters(all.toString());
  }

  private static String withoutCounters(String rules) {
    return rules
        .replaceAll("(?m)^#.*\n", "")
        .replaceAll("\\[\\d+:\\d+]", "")
        .replaceAll("packets \\d+ bytes \\d+", "");
  }

  @Override
  public void close() throws IOException {
    host("ip netns del " + name);
  }

  private void host(String command) throws IOException {
    check(command, plain.run(List.of(command.split(" "))));
  }

  private static String check(String command, Outcome outcome) throws IOException {
    if (!outcome.ok()) {
      throw new IOException(command + " failed: " + outcome);
    }
    return outcome.output();
  }
}
