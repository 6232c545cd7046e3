package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Through OpenSSH's server, as plugins/ssh/README.md shows it; under sudo, as its user. */
class SshIT {
  private static final Examples README = Examples.of("plugins/ssh/README.md");
  private static final String UID = "65534";
  private static final String FAR = "http://10.77.0.1/";
  private static final Path NOWHERE = Path.of("/dev/null");

  private PlainMachine machine;
  private SshGate gate;
  private Product.User user;
  private Path ssh;
  private Process agent;

  @BeforeEach
  void prepare() throws IOException {
    machine = new PlainMachine();
    gate = new SshGate(machine.namespace());
    machine.remember();
    user = Product.user(machine.namespace()).withProductOfHisOwn().env("SUDO_UID", UID);
    ssh = Files.createDirectories(user.home().resolve(".ssh"));
    Files.writeString(
        ssh.resolve("config"),
        "Host gate.example\n  HostName " + SshGate.ADDRESS + "\n  Port 2222\n  User root\n");
    // Its environment is what the launcher looks for: that of a process called sudo.
    Path sudo = Files.createSymbolicLink(user.home().resolve("sudo"), Path.of("/bin/dash"));
    user.behind(sudo.toString(), "-c", "\"$@\"; exit $?", "sudo");
  }

  @AfterEach
  void tidy() {
    if (agent != null) {
      agent.destroy();
    }
    if (user != null) {
      user.close();
    }
    if (gate != null) {
      gate.close();
    }
    if (machine != null) {
      machine.close();
    }
  }

  @Test
  void withAKeyInTheAgentItReachesWhatLiesBehindAndComesBack() throws IOException {
    knownHosts(gate.knownAs("[" + SshGate.ADDRESS + "]:2222"));
    own();
    agentHasTheKey();
    List<String> examples = README.in("sh");
    try (Product product = user.start(arguments(examples.get(0)))) {
      product.awaitReady();
      assertThat(machine.run(examples.get(1)).out()).isEqualTo("hello from behind");
      assertThat(machine.http().curl("http://10.77.0.1:81/").exit()).as("refused").isNotZero();
      assertThat(machine.run("curl -sS " + FAR + "big | wc -c").out().strip())
          .isEqualTo(Integer.toString(32 << 20));
      assertThat(user.execute("status").out())
          .contains("tunnel ssh", "cipher=aes128-gcm@openssh.com", "root@" + SshGate.ADDRESS)
          .doesNotContain("kubernetes");
      assertThat(user.execute("plugins", "list").out()).contains("ssh");

      whoIsConnectedIsResetAtOnceAndWhoComesIsServed(gate::cut, () -> {});
      whoIsConnectedIsResetAtOnceAndWhoComesIsServed(gate::stop, gate::start);

      gate.drop();
      Process waiting = curl();
      await30().until(() -> user.execute("status").out().contains("reached"));
      assertThat(waiting.isAlive()).as("it waits").isTrue();
      gate.undrop();
      await30().until(() -> !waiting.isAlive());
      assertThat(waiting.exitValue()).isZero();

      assertThat(user.execute("stop").exit()).isZero();
      assertThat(product.exitCode()).as("%s", product).isZero();
      machine.asBefore();
    }
  }

  @Test
  void aHostThatIsNotKnownEndsTheRunWithWhatToDo() throws IOException {
    knownHosts("");
    own();
    try (Product product = user.start("run", "--ssh", "gate.example", "--cidr", "10.77.0.0/16")) {
      assertThat(product.exitCode()).as("%s", product).isEqualTo(2);
      assertThat(product.stderr())
          .contains("the host key of root@" + SshGate.ADDRESS + ":2222 is not known")
          .contains("ssh -p 2222 root@gate.example")
          .doesNotContain("\tat ");
      machine.asBefore();
    }
  }

  @Test
  void aJumpHostAndTheConfigurationOfTheExample() throws IOException {
    knownHosts(gate.knownAs("[" + SshGate.ADDRESS + "]:2222") + gate.knownAs("[10.77.0.1]:2222"));
    Files.copy(gate.key(), ssh.resolve("id_ed25519"));
    Files.writeString(
        ssh.resolve("config"),
        README.in("ssh-config").get(0) + Files.readString(ssh.resolve("config")));
    user.write("teleproxy.conf", README.in("hocon").get(0));
    own();
    try (Product product = user.start(arguments(README.in("sh").get(2)))) {
      product.awaitReady();
      assertThat(machine.http().get("http://10.78.0.1/").body()).isEqualTo("hello from behind");
      assertThat(user.execute("status").out())
          .contains("server=root@10.77.0.1:2222", "over=root@" + SshGate.ADDRESS + ":2222");
      assertThat(user.execute("tables", "ssh").out()).contains("10.78.0.0/16", "10.77.8.0/24");
      assertThat(user.execute("stop").exit()).isZero();
      assertThat(product.exitCode()).as("%s", product).isZero();
    }
  }

  private void whoIsConnectedIsResetAtOnceAndWhoComesIsServed(Runnable kill, Runnable mend) {
    Process live =
        machine
            .namespace()
            .command("socat", "-u", "TCP4:10.77.0.1:2222", "CREATE:/dev/null")
            .start(NOWHERE, NOWHERE);
    await30().until(() -> user.execute("connections").out().contains("10.77.0.1:2222"));
    kill.run();
    await30().until(() -> !live.isAlive());
    Process waiting = curl();
    mend.run();
    await30().until(() -> !waiting.isAlive());
    assertThat(waiting.exitValue()).isZero();
  }

  private Process curl() {
    return machine
        .namespace()
        .command("curl", "-sS", "-m", "60", "--retry", "0", FAR)
        .start(NOWHERE, NOWHERE);
  }

  private void knownHosts(String text) throws IOException {
    Files.writeString(ssh.resolve("known_hosts"), text);
  }

  private void agentHasTheKey() {
    String socket = user.home().resolve("agent").toString();
    agent = Command.of("ssh-agent", "-D", "-a", socket).behind(asUser()).start(NOWHERE, NOWHERE);
    await30().until(() -> Files.exists(Path.of(socket)));
    Command.of("sh", "-c", "ssh-add - <" + gate.key())
        .env("SSH_AUTH_SOCK", socket)
        .run()
        .succeeded();
    user.env("SSH_AUTH_SOCK", socket);
  }

  private static List<String> asUser() {
    return List.of("setpriv", "--reuid", UID, "--clear-groups");
  }

  private void own() {
    Command.of("chown", "-R", "-h", UID, user.home().toString()).run().succeeded();
  }

  private static String[] arguments(String example) {
    assertThat(example).startsWith("sudo teleproxy run");
    return example.strip().substring("sudo teleproxy ".length()).split(" ");
  }

  private static ConditionFactory await30() {
    return await().atMost(Duration.ofSeconds(30));
  }
}
