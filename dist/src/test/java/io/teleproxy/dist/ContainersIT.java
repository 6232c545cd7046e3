package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * A laptop with a container engine: its containers have names, and reach the cluster by its names,
 * in the default network and in one of the user's, which has an own DNS server.
 */
@InCluster(from = Cluster.Laptop.COLLEAGUES)
class ContainersIT {
  private static final String BEYOND = "fd00:9::9";

  private static ContainerEngine engine;
  private static ForeignProxy proxy;
  private static Http http;

  @BeforeAll
  static void makeContainers(Cluster cluster) {
    http = new Http(cluster.laptop());
    engine = new ContainerEngine(cluster.laptop());
    engine.podman(
        "network",
        "create",
        "--ipv6",
        "--subnet",
        "10.90.0.0/24",
        "--subnet",
        "fd00:90::/64",
        "its");
    run("inside", "--network", "podman");
    run("inside-its", "--network", "its", "--network-alias", "web");
    proxy = new ForeignProxy(cluster.laptop(), 1236, BEYOND);
  }

  @AfterAll
  static void removeContainers() {
    if (proxy != null) {
      proxy.close();
    }
    if (engine != null) {
      engine.close();
    }
  }

  @Test
  void theEngineComesAndGoesAndSoDoContainers(Cluster cluster) throws IOException {
    HostState before = settled(cluster);
    try (Product product = start(cluster, "")) {
      assertThat(product.stdout()).contains("linux-nftables");
      containersReachTheCluster();
      assertThat(product.stderr()).doesNotContain("docker:");
      assertThat(http.dig("inside.docker")).isEmpty();

      engine.startService();
      within("the engine is found", () -> http.dig("inside.docker").size() == 1);
      assertThat(http.dig("inside-its.docker")).hasSize(1);
      assertThat(http.dig("inside-its.its.docker", "AAAA")).hasSize(1);
      assertThat(http.dig("nothing.docker")).isEmpty();
      assertThat(http.dig("-x", http.dig("inside.docker").get(0)))
          .containsExactly("inside.docker.");
      assertThat(http.get("http://inside-its/").body()).isEqualTo("hello-from-inside-its");
      assertThat(http.get("http://web/").body())
          .as("a service of the cluster before an alias of a container")
          .isEqualTo("hello-from-web");
      assertThat(http.get("http://web.docker/").body()).isEqualTo("hello-from-inside-its");

      run("guest");
      long started = System.nanoTime();
      within("a container that starts", () -> http.dig("guest.docker").size() == 1);
      long millis = (System.nanoTime() - started) / 1_000_000;
      engine.podman("kill", "guest");
      started = System.nanoTime();
      within("a container that ends", () -> http.dig("guest.docker").isEmpty());
      System.out.printf(
          "containers: a name comes %d ms after its start, and goes %d ms after its end%n",
          millis, (System.nanoTime() - started) / 1_000_000);

      theReadmeIsTrue(cluster);

      engine.stopService();
      within("the engine is gone", () -> http.dig("inside.docker").isEmpty());
      engine.startService();
      within("it is there again", () -> http.dig("inside.docker").size() == 1);
      assertThat(product.user().execute("status").out()).containsPattern("watcher docker +ready");
      assertThat(product.stop()).isZero();
    } finally {
      engine.stopService();
    }
    isAsBefore(cluster, before);
  }

  private static void theReadmeIsTrue(Cluster cluster) throws IOException {
    String commands =
        String.join("", Examples.of("plugins/docker/README.md").under("## Examples").in("sh"));
    // What the README does not say, since nobody types that fast.
    String patient =
        commands
            .replace("curl ", "curl -sS --retry 9 --retry-all-errors ")
            .replace("docker network rm", "until_true docker network rm");
    patient = "until_true() { until \"$@\" 2>/dev/null; do sleep 0.1; done; }\n" + patient;
    Command.Result result =
        cluster
            .laptop()
            .command("sh", "-euc", patient)
            .env("PATH", engine.path() + ":" + System.getenv("PATH"))
            .run(Duration.ofMinutes(2))
            .succeeded();
    assertThat(result.lines().stream().filter("hello from a container"::equals)).hasSize(4);
    assertThat(result.out()).contains("hello-from-web", "hello-from-shop");
  }

  @Test
  void withIptablesContainersReachTheCluster(Cluster cluster) {
    HostState before = settled(cluster);
    try (Product product = start(cluster, "disabled-plugins = [linux-nftables]")) {
      assertThat(product.stdout()).contains("linux-iptables");
      containersReachTheCluster();
      assertThat(product.stop()).isZero();
    }
    isAsBefore(cluster, before);
  }

  private static void containersReachTheCluster() {
    http.post(
        "http://teleproxy/api/tables/",
        "[{\"name\": \"t\", \"routes\": [{\"name\": \"beyond.example\", \"ip\": \""
            + BEYOND
            + "\", \"port\": \"80\", \"target\": \"1236\"}]}]");
    for (String container : List.of("inside", "inside-its")) {
      for (String name : List.of("web.default", "web.default.svc.cluster.local")) {
        assertThat(get(container, "http://" + name + "/")).isEqualTo("hello-from-web");
      }
      assertThat(get(container, "http://web.shop/")).isEqualTo("hello-from-shop");
      assertThat(engine.in(container, "wget", "-q", "-O-", "http://web.shop:81/").run().err())
          .as("a port that the service does not have")
          .contains("refused");
      for (String how : List.of("+notcp", "+tcp")) {
        String[] question = {"dig", "+short", how, "@" + nameserver(), "beyond.example", "AAAA"};
        assertThat(engine.inNetworkOf(container, question).run().lines()).containsExactly(BEYOND);
      }
    }
    // An alias of the network comes before the cluster's name: its own DNS server is asked first.
    assertThat(get("inside", "http://web/")).isEqualTo("hello-from-web");
    assertThat(get("inside-its", "http://web/")).isEqualTo("hello-from-inside-its");
    assertThat(get("inside-its", "http://beyond.example/")).isEqualTo("this is " + BEYOND);
  }

  /** The product, which looks for engines at the socket of ours only. */
  private static Product start(Cluster cluster, String configuration) {
    Product.User user = Product.user(cluster.laptop());
    user.write(
        "teleproxy.conf",
        configuration + "\nplugins.docker.sockets = [\"" + engine.socket() + "\"]\n");
    Product product = user.start("run", "--kubeconfig", cluster.kubeconfig().toString());
    product.awaitReady();
    return product;
  }

  /** A container with a web server that says its name. */
  private static void run(String name, String... options) {
    List<String> words = new ArrayList<>(List.of("run", "--detach", "--name", name));
    words.addAll(List.of(options));
    words.addAll(
        List.of(
            "busybox",
            "sh",
            "-c",
            "echo hello-from-" + name + " >/tmp/index.html; exec httpd -f -h /tmp"));
    engine.podman(words.toArray(String[]::new));
  }

  private static String get(String container, String url) {
    Command.Result result = engine.in(container, "wget", "-q", "-O-", url).run();
    return result.succeeded().out().trim();
  }

  private static String nameserver() {
    Matcher line =
        Pattern.compile("nameserver (\\S+)")
            .matcher(engine.in("inside", "cat", "/etc/resolv.conf").run().out());
    assertThat(line.find()).isTrue();
    return line.group(1);
  }

  /** The kernel takes a while to find that a new address is nobody else's (RFC 4862 §5.4). */
  private static HostState settled(Cluster cluster) {
    within(
        "no address is tentative",
        () -> !cluster.laptop().command("ip", "-o", "address").run().out().contains("tentative"));
    return HostState.of(cluster.laptop());
  }

  private static void isAsBefore(Cluster cluster, HostState before) {
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> assertThat(HostState.of(cluster.laptop()).since(before)).isEmpty());
  }

  private static void within(String what, Callable<Boolean> condition) {
    await(what).atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(20)).until(condition);
  }
}
