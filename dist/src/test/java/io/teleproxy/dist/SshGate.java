package io.teleproxy.dist;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A machine with OpenSSH's server at 10.88.0.2 port 2222, and a network behind it, 10.77.0.0/16 and
 * 10.78.0.0/16, that is reached only from there. Host key, configuration and keys are its own; root
 * logs in.
 */
final class SshGate implements AutoCloseable {
  static final String ADDRESS = "10.88.0.2";
  private static final Path NOWHERE = Path.of("/dev/null");

  private final Namespace gate = Namespace.create();
  private final Path folder;
  private final List<Process> processes = new ArrayList<>();
  private Process sshd;

  /** Beside that machine. */
  SshGate(Namespace machine) {
    Requirements.programs("sshd", "ssh-keygen", "ssh-agent", "ssh-add", "busybox", "iptables");
    try {
      folder = Files.createTempDirectory("teleproxy-it-gate-");
      Files.createDirectories(Path.of("/run/sshd"));
      Files.writeString(folder.resolve("index.html"), "hello from behind");
      Files.write(folder.resolve("big"), new byte[32 << 20]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    for (String step :
        List.of(
            "ip -n "
                + machine.name()
                + " link add gate0 type veth peer name eth0 netns "
                + gate.name(),
            // No address that comes by itself, at a time of its own.
            "ip -n " + machine.name() + " link set gate0 addrgenmode none",
            "ip -n " + machine.name() + " address add 10.88.0.1/24 dev gate0",
            "ip -n " + machine.name() + " link set gate0 up",
            "ip -n " + machine.name() + " route add default via " + ADDRESS,
            "ip -n " + gate.name() + " address add 10.88.0.2/24 dev eth0",
            "ip -n " + gate.name() + " link set eth0 up",
            "ip -n " + gate.name() + " address add 10.77.0.1/16 dev lo",
            "ip -n " + gate.name() + " address add 10.78.0.1/16 dev lo")) {
      Command.of(step.split(" ")).run().succeeded();
    }
    for (String hidden : List.of("10.77.0.0/16", "10.78.0.0/16")) {
      run("iptables -A INPUT -i eth0 -d " + hidden + " -j DROP");
    }
    for (String key : List.of("host", "user")) {
      Command.of(
              "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder.resolve(key).toString())
          .run()
          .succeeded();
    }
    processes.add(
        gate.command("busybox", "httpd", "-f", "-p", "80", "-h", folder.toString())
            .start(NOWHERE, NOWHERE));
    start();
  }

  void start() {
    sshd =
        gate.command(
                "/usr/sbin/sshd",
                "-D",
                "-f",
                "/dev/null",
                "-h",
                folder.resolve("host").toString(),
                "-p",
                "2222",
                "-o",
                "PidFile=none",
                "-o",
                "PermitRootLogin=yes",
                "-o",
                "StrictModes=no",
                "-o",
                "UsePAM=no",
                "-o",
                "AuthorizedKeysFile=" + folder.resolve("user.pub"))
            .start(NOWHERE, folder.resolve("log"));
    await("sshd")
        .atMost(Duration.ofSeconds(30))
        .until(() -> run("ss -Hltn sport = 2222").out().contains(":2222"));
  }

  /** Ends the server, and all connections with it. */
  void stop() {
    sshd.destroyForcibly();
    cut();
  }

  /** Ends the processes that serve connections, as if they had crashed. */
  void cut() {
    for (long pid : gate.processes()) {
      String name = Command.of("cat", "/proc/" + pid + "/comm").run().out().strip();
      if (name.startsWith("sshd") && pid != sshd.pid()) {
        Command.of("kill", "-KILL", Long.toString(pid)).run();
      }
    }
  }

  /** Lets nothing to the server's port. */
  void drop() {
    run("iptables -I INPUT -p tcp --dport 2222 -j DROP");
  }

  void undrop() {
    run("iptables -D INPUT -p tcp --dport 2222 -j DROP");
  }

  /** The user's private key; its public half lies beside it. */
  Path key() {
    return folder.resolve("user");
  }

  /** A line of known_hosts for this server. */
  String knownAs(String name) {
    try {
      return name + " " + Files.readString(folder.resolve("host.pub"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Command.Result run(String command) {
    return gate.command(command.split(" ")).run().succeeded();
  }

  @Override
  public void close() {
    processes.forEach(Process::destroyForcibly);
    gate.close();
    Command.of("rm", "-rf", folder.toString()).run().succeeded();
  }
}
