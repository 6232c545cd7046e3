package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Under sudo: root does what needs root, and the user's part runs as the user. */
@InCluster(from = Cluster.Laptop.COLLEAGUES)
class TwoProcessesIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String UID = "65534";

  @Test
  void theBridgeRunsAsTheUserWhoseCredentialPluginIsFoundAndAskedAgain(Cluster cluster)
      throws IOException {
    HostState before = HostState.of(cluster.laptop());
    try (Product.User user = user(cluster)) {
      ExecPluginKubeconfig credentials =
          ExecPluginKubeconfig.write(user.configuration(), cluster.kubeconfig());
      own(user);
      // Its environment is what the launcher looks for: that of a process called sudo.
      Path sudo = Files.createSymbolicLink(user.home().resolve("sudo"), Path.of("/bin/dash"));
      user.env("FROM", "the-users-shell")
          .behind(sudo.toString(), "-c", "FROM=root \"$@\"; exit $?", "sudo");
      try (Product product =
          user.start("run", "--kubeconfig", credentials.kubeconfig().toString())) {
        product.awaitReady();
        assertThat(product.stdout().lines().filter(line -> line.startsWith("ready"))).hasSize(1);
        assertThat(new Http(cluster.laptop()).get("http://web/").body())
            .isEqualTo("hello-from-web");
        String bridge = status(bridge(cluster).orElseThrow());
        assertThat(bridge).contains("Uid:\t" + UID, "CapEff:\t0000000000000000");
        assertThat(status(root(cluster))).contains("Uid:\t0").doesNotContain("CapEff:\t000001ff");

        onlyTheOwnerAndRootUseTheSocksProxy(cluster);

        int asked = credentials.seen().size();
        assertThat(credentials.seen())
            .allMatch(line -> line.equals(UID + " " + user.home() + " the-users-shell"));
        await()
            .atMost(PATIENCE)
            .until(
                () -> {
                  new Http(cluster.laptop()).curl("http://web/");
                  return credentials.seen().size() > asked;
                });
        assertThat(user.execute("stop").exit()).isZero();
        assertThat(product.exitCode()).as("%s", product).isZero();
      }
      await()
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(HostState.of(cluster.laptop()).since(before)).isEmpty());
    }
  }

  @Test
  void aKilledBridgeIsReplacedAndAKilledRootTakesTheBridgeAlong(Cluster cluster)
      throws IOException {
    HostState before = HostState.of(cluster.laptop());
    try (Product.User user = user(cluster)) {
      Path kubeconfig = user.write("kubeconfig", Files.readString(cluster.kubeconfig()));
      own(user);
      List<Long> others = cluster.laptop().processes();
      try (Product product = user.start("run", "--kubeconfig", kubeconfig.toString())) {
        product.awaitReady();
        Command.Result second = user.execute("run", "--kubeconfig", kubeconfig.toString());
        assertThat(second.exit()).as("%s", second).isEqualTo(2);
        assertThat(second.err())
            .contains("another teleproxy is running")
            .doesNotContain("has died", "Exception");
        long first = bridge(cluster).orElseThrow();
        Command.of("kill", "-KILL", Long.toString(first)).run().succeeded();

        await()
            .atMost(PATIENCE)
            .until(
                () ->
                    bridge(cluster).filter(pid -> pid != first).isPresent()
                        && new Http(cluster.laptop()).curl("http://web/").exit() == 0);
        assertThat(product.stderr()).contains("pid " + first + " has died");

        killedItLeavesNothing(cluster, product, others, before);
      }
    }
  }

  @Test
  void withAShellThatStartsThemAgainEitherPartOutlivesTheOther(Cluster cluster) throws IOException {
    HostState before = HostState.of(cluster.laptop());
    try (Product.User user = user(cluster)) {
      Path kubeconfig = user.write("kubeconfig", Files.readString(cluster.kubeconfig()));
      own(user);
      List<Long> others = cluster.laptop().processes();
      try (Product product =
          user.start("run", "--restart", "--kubeconfig", kubeconfig.toString())) {
        product.awaitReady();
        long bridge = bridge(cluster).orElseThrow();
        String agent = agent(product);
        long killed = System.nanoTime();
        Command.of("kill", "-KILL", Long.toString(root(cluster))).run().succeeded();
        await().atMost(PATIENCE).until(() -> web(cluster));
        System.out.printf(
            "root's part killed: web answers again after %d ms%n",
            (System.nanoTime() - killed) / 1_000_000);
        assertThat(bridge(cluster)).contains(bridge);
        assertThat(cluster.kubectl("get", "pods", "-o", "name").lines()).contains("pod/" + agent);
        assertThat(product.stderr()).containsOnlyOnce("agent: [namespace=");

        long root = root(cluster);
        Command.of("kill", "-KILL", Long.toString(bridge)).run().succeeded();
        await()
            .atMost(PATIENCE)
            .until(() -> bridge(cluster).filter(pid -> pid != bridge).isPresent() && web(cluster));
        assertThat(root(cluster)).isEqualTo(root);

        // Other settings: the bridge that has those of before is not for them.
        long second = bridge(cluster).orElseThrow();
        user.write("teleproxy.conf", "dns.ttl = 7s\n");
        own(user);
        Command.of("kill", "-KILL", Long.toString(root)).run().succeeded();
        await()
            .atMost(PATIENCE)
            .until(() -> bridge(cluster).filter(pid -> pid != second).isPresent() && web(cluster));

        killedItLeavesNothing(cluster, product, others, before);
      }
    }
  }

  @Test
  void whyTheBridgeCannotStartIsSaidOnce(Cluster cluster) {
    HostState before = HostState.of(cluster.laptop());
    try (Product.User user = user(cluster)) {
      own(user);
      Command.Result result = user.execute("run", "--kubeconfig", "/nowhere/kubeconfig");
      assertThat(result.exit()).as("%s", result).isEqualTo(2);
      assertThat(result.err().lines().filter(line -> line.contains("/nowhere/kubeconfig")))
          .hasSize(1);
      await()
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(HostState.of(cluster.laptop()).since(before)).isEmpty());
    }
  }

  private static boolean web(Cluster cluster) {
    return new Http(cluster.laptop()).curl("http://web/").exit() == 0;
  }

  private static void onlyTheOwnerAndRootUseTheSocksProxy(Cluster cluster) {
    Http http = new Http(cluster.laptop());
    String table = http.get("http://teleproxy/api/tables/kubernetes").body();
    Matcher target = Pattern.compile("\"target\":\\s*\"?(\\d+)").matcher(table);
    assertThat(target.find()).isTrue();
    String address = http.dig("web.default.svc.cluster.local").get(0);
    for (String uid : List.of("0", UID, "65533")) {
      Command.Result result =
          cluster
              .laptop()
              .command(
                  "setpriv",
                  "--reuid",
                  uid,
                  "--regid",
                  "65534",
                  "--clear-groups",
                  "curl",
                  "-sS",
                  "-m20",
                  "--socks5",
                  "127.0.0.1:" + target.group(1),
                  "http://" + address + "/")
              .run();
      if (uid.equals("65533")) {
        assertThat(result.exit()).as("%s", result).isNotZero();
      } else {
        assertThat(result.out().trim()).as("%s", result).isEqualTo("hello-from-web");
      }
    }
  }

  /** Who calls sudo; the product lies where he can read it. */
  private static Product.User user(Cluster cluster) {
    return Product.user(cluster.laptop()).env("SUDO_UID", UID).withProductOfHisOwn();
  }

  private static void own(Product.User user) {
    Command.of("chown", "-R", "-h", UID, user.home().toString()).run().succeeded();
  }

  private static long root(Cluster cluster) {
    return parts(cluster, "0").findFirst().orElseThrow();
  }

  private static Optional<Long> bridge(Cluster cluster) {
    return parts(cluster, UID).findFirst();
  }

  private static Stream<Long> parts(Cluster cluster, String uid) {
    return cluster.laptop().daemons().stream()
        .filter(pid -> status(pid).contains("Uid:\t" + uid + "\t"));
  }

  /**
   * All of its processes at once, the first one first.
   *
   * @param others that were there before
   */
  private static void killedItLeavesNothing(
      Cluster cluster, Product product, List<Long> others, HostState before) {
    List<Long> all = new ArrayList<>(List.of(product.pid()));
    cluster.laptop().processes().stream()
        .filter(pid -> pid != product.pid() && !others.contains(pid))
        .forEach(all::add);
    Death.by("KILL", cluster.laptop(), all).isAsPromised();
    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(HostState.of(cluster.laptop()).since(before)).isEmpty());
  }

  /** The pod of the agent, which comes after the start. */
  private static String agent(Product product) {
    Pattern said = Pattern.compile("agent: \\[namespace=\\S+ pod=(\\S+) ");
    await().atMost(PATIENCE).until(() -> said.matcher(product.stderr()).find());
    Matcher pod = said.matcher(product.stderr());
    assertThat(pod.find()).isTrue();
    return pod.group(1);
  }

  private static String status(long pid) {
    return Command.of("cat", "/proc/" + pid + "/status").run().out();
  }
}
