package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Other users of the machine, its neighbours, and whoever sends nonsense. */
@Tag("privileged")
class StrangersIT {
  private static final List<String> NOBODY =
      List.of("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups");
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Path NOWHERE = Path.of("/dev/null");

  private PlainMachine machine;
  private Product product;

  @BeforeEach
  void start() {
    machine = new PlainMachine();
    product = machine.ready("linux-nftables");
    machine.use();
  }

  @AfterEach
  void stop() {
    try {
      assertThat(product.stop()).as("%s", product).isZero();
      assertThat(product.stderr()).doesNotContain("Exception");
      machine.asBefore();
    } finally {
      product.close();
      machine.close();
    }
  }

  @Test
  void anotherUserIsToldThatHeMayNot() {
    Command.Result refused =
        machine
            .namespace()
            .enter(
                Command.of("curl", "-sS", "-w", "%{http_code}", "http://teleproxy/api/shutdown")
                    .behind(NOBODY))
            .run();
    assertThat(refused.out()).contains("user id 65534 is neither root nor the owner", "403");
    assertThat(machine.intercepts()).as("it goes on").isTrue();
  }

  @Test
  void aNeighbourReachesNothing() {
    try (Namespace neighbour = Namespace.create()) {
      String here = machine.namespace().name();
      Command.of(
              "ip",
              "-n",
              here,
              "link",
              "add",
              "cable",
              "type",
              "veth",
              "peer",
              "name",
              "cable",
              "netns",
              neighbour.name())
          .run()
          .succeeded();
      machine.run("ip address add 10.99.77.1/24 dev cable; ip link set cable up");
      neighbour
          .command("sh", "-ec", "ip address add 10.99.77.2/24 dev cable; ip link set cable up")
          .run()
          .succeeded();
      neighbour.command("ping", "-c1", "-W5", "10.99.77.1").run().succeeded();

      for (int port : ports()) {
        Command.Result tcp =
            neighbour.command("curl", "-sS", "-m5", "http://10.99.77.1:" + port + "/").run();
        assertThat(tcp.exit()).as("port %d: %s", port, tcp).isEqualTo(7);
        assertThat(
                neighbour
                    .command("dig", "@10.99.77.1", "-p", "" + port, "+time=1", "+tries=1", "myhost")
                    .run()
                    .out())
            .as("port %d", port)
            .doesNotContain("ANSWER: 1");
      }
      Command.of("ip", "-n", here, "link", "delete", "cable").run().succeeded();
    }
  }

  @Test
  void floodsAndNonsenseDoNotKeepTheOwnerOut() {
    int api =
        JsonParser.parseString(machine.http().get("http://teleproxy/api/tables/bootstrap").body())
            .getAsJsonObject()
            .getAsJsonArray("routes")
            .get(0)
            .getAsJsonObject()
            .get("target")
            .getAsInt();
    String flood =
        "ulimit -n 20000; for i in $(seq 10000); do exec {fd}<>/dev/tcp/127.0.0.1/"
            + api
            + "; done 2>/dev/null; echo >&2 all; exec sleep 60";
    Process strangers =
        machine
            .namespace()
            .enter(Command.of("bash", "-c", flood).behind(NOBODY))
            .start(NOWHERE, NOWHERE);
    try {
      for (int i = 0; i < 3; i++) {
        Command.Result status = product.user().execute("status");
        assertThat(status.exit()).as("%s", status).isZero();
      }
    } finally {
      strangers.destroyForcibly();
      strangers.onExit().join();
    }
    for (int port : ports()) {
      for (String protocol : List.of("TCP", "UDP")) {
        machine
            .namespace()
            .command(
                "sh",
                "-c",
                "head -c 65536 /dev/urandom | timeout 2 socat -u - "
                    + protocol
                    + ":127.0.0.1:"
                    + port)
            .run();
      }
    }
    await().atMost(PATIENCE).until(machine::intercepts);
    assertThat(product.user().execute("status").exit()).isZero();
  }

  /** All ports on which the product listens, TCP or UDP. */
  private Set<Integer> ports() {
    Set<Integer> ports = new TreeSet<>();
    Matcher line =
        Pattern.compile(":(\\d+) .*\"java\"")
            .matcher(machine.namespace().command("ss", "-Hlntup").run().succeeded().out());
    while (line.find()) {
      ports.add(Integer.valueOf(line.group(1)));
    }
    assertThat(ports).hasSizeGreaterThan(2);
    return ports;
  }
}
