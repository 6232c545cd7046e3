package io.teleproxy.plugin.nftables;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A network namespace of its own, with loopback up; removed on close. */
final class Namespace implements AutoCloseable {
  private static final AtomicInteger COUNT = new AtomicInteger();

  private final String name =
      "nft-" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();

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

  /** Runs a command without quoting here, which must succeed; returns what it wrote. */
  String run(String command) throws IOException {
    return output(enter(List.of(command.split(" "))));
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

  /** The whole ruleset, elements and all. */
  String ruleset() throws IOException {
    return run("nft list ruleset");
  }

  @Override
  public void close() throws IOException {
    host("ip netns del " + name);
  }

  private static void host(String command) throws IOException {
    output(List.of(command.split(" ")));
  }

  /** Runs a command that must succeed. */
  static String output(List<String> command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    try (var stream = process.getInputStream()) {
      String output = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
      if (process.onExit().join().exitValue() != 0) {
        throw new IOException(String.join(" ", command) + " failed: " + output);
      }
      return output;
    }
  }
}
