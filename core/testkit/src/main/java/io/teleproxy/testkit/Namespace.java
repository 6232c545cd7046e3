package io.teleproxy.testkit;

import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.spi.process.CommandRunner.Outcome;
import io.teleproxy.spi.process.ProcessRunner;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A network namespace of its own, with loopback up; removed on close. */
public class Namespace implements AutoCloseable {
  private static final AtomicInteger COUNT = new AtomicInteger();

  private static final CommandRunner PLAIN = new ProcessRunner(Duration.ofSeconds(60));

  private final String name = "tp-" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();

  public Namespace() throws IOException {
    host("ip netns add " + name);
    run("ip link set lo up");
  }

  public final String name() {
    return name;
  }

  /** Puts a command into this namespace. */
  public final List<String> enter(List<String> command) {
    List<String> line = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + name));
    line.addAll(command);
    return line;
  }

  /** A runner whose commands run here. */
  public final CommandRunner runner() {
    return (command, input) -> PLAIN.run(enter(command), input);
  }

  /** Runs a command without quoting here, which must succeed; returns what it wrote. */
  public final String run(String command) throws IOException {
    return check(command, runner().run(List.of(command.split(" "))));
  }

  /** Feeds a script to a command here, which must succeed. */
  public final void feed(String command, String input) throws IOException {
    check(command, runner().run(List.of(command.split(" ")), input));
  }

  /** Connects this namespace with another by a pair of interfaces. */
  public final void link(String mine, Namespace other, String theirs) throws IOException {
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

  public final void forward() throws IOException {
    run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
  }

  @Override
  public void close() throws IOException {
    host("ip netns del " + name);
  }

  private static void host(String command) throws IOException {
    output(List.of(command.split(" ")));
  }

  /** Runs a command of this machine, which must succeed; returns what it wrote. */
  public static String output(List<String> command) throws IOException {
    return check(String.join(" ", command), PLAIN.run(command));
  }

  private static String check(String command, Outcome outcome) throws IOException {
    if (!outcome.ok()) {
      throw new IOException(command + " failed: " + outcome);
    }
    return outcome.output();
  }
}
