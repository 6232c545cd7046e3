package io.teleproxy.dist;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/** A network namespace with its own resolv.conf: a machine, as far as the product can tell. */
final class Namespace implements AutoCloseable {
  private final String name;
  private final boolean ours;

  private Namespace(String name, boolean ours) {
    this.name = name;
    this.ours = ours;
  }

  /** A new one with nothing but loopback; {@link #close} removes it and what still runs in it. */
  static Namespace create() {
    Namespace namespace = new Namespace("tp-" + UUID.randomUUID().toString().substring(0, 8), true);
    Command.of("ip", "netns", "add", namespace.name).run().succeeded();
    Command.of("ip", "-n", namespace.name, "link", "set", "lo", "up").run().succeeded();
    namespace.resolvConf("nameserver 192.0.2.53\noptions timeout:1 attempts:1\n");
    return namespace;
  }

  /**
   * A container on this machine, as Docker makes them: behind the bridge docker0, at 172.30.0.2. To
   * be closed by whoever asked for it; there can be one.
   */
  Namespace container() {
    Namespace container = create();
    for (String step :
        List.of(
            "ip link add docker0 type bridge",
            "ip address add 172.30.0.1/24 dev docker0",
            "ip link set docker0 up",
            "ip link add port0 type veth peer eth0 netns " + container.name,
            "ip link set port0 master docker0",
            "ip link set port0 up",
            "sysctl -qw net.ipv4.ip_forward=1")) {
      command(step.split(" ")).run().succeeded();
    }
    for (String step :
        List.of(
            "ip link set eth0 up",
            "ip address add 172.30.0.2/24 dev eth0",
            "ip route add default via 172.30.0.1")) {
      container.command(step.split(" ")).run().succeeded();
    }
    return container;
  }

  /** One that somebody else made and removes. */
  static Namespace existing(String name) {
    return new Namespace(name, false);
  }

  String name() {
    return name;
  }

  /** The command, run inside. It replaces the process that enters, so that their ids are equal. */
  Command command(String... words) {
    return enter(Command.of(words));
  }

  Command enter(Command command) {
    return command.behind(List.of("ip", "netns", "exec", name));
  }

  /** Makes these addresses local to the namespace. */
  Namespace addresses(String... addresses) {
    for (String address : addresses) {
      String host = address + (address.contains(":") ? "/128" : "/32");
      Command.of("ip", "-n", name, "address", "add", host, "dev", "lo").run().succeeded();
    }
    return this;
  }

  void resolvConf(String text) {
    try {
      Path folder = Files.createDirectories(etc());
      Files.writeString(folder.resolve("resolv.conf"), text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ids of the processes inside. */
  List<Long> processes() {
    return Command.of("ip", "netns", "pids", name).run().lines().stream()
        .map(Long::valueOf)
        .toList();
  }

  /** Those of them that are a part of a run: root's part, bridges. */
  List<Long> daemons() {
    return processes().stream()
        .filter(
            pid ->
                ProcessHandle.of(pid)
                    .flatMap(process -> process.info().commandLine())
                    .filter(line -> line.contains("-Dteleproxy.home="))
                    .isPresent())
        .toList();
  }

  private Path etc() {
    return Path.of("/etc/netns", name);
  }

  @Override
  public void close() {
    if (!ours) {
      return;
    }
    for (long pid : processes()) {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
    Command.of("ip", "netns", "delete", name).run();
    Command.of("rm", "-rf", etc().toString()).run().succeeded();
  }
}
