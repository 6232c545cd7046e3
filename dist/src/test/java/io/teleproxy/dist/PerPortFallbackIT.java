package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** What the product is for, without any firewall: one start, and then killed. */
@InCluster(from = Cluster.Laptop.COLLEAGUES)
@ResourceLock("/etc/.resolv.conf.teleproxy")
class PerPortFallbackIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @Test
  void whatTheFirewallsDoIsDoneWithoutOne(Cluster cluster) {
    HostState before = HostState.of(cluster.laptop());
    Http http = new Http(cluster.laptop());
    Product.User user = Product.user(cluster.laptop()).backend(Backend.PER_PORT);
    try (Product product = user.start("run", "--kubeconfig", cluster.kubeconfig().toString())) {
      assertThat(product.awaitReady()).contains(Backend.PER_PORT);

      namesResolve(cluster, http);
      connectionsFlow(cluster, http);
      datagramsFlow(cluster, product);
      servicesComeAndGo(cluster, http);
      itSaysWhatItIs(cluster, product);

      product.signal("KILL");
      product.exitCode();
      within("names as before", () -> !http.dig("www.example.test").isEmpty());
      await()
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(HostState.of(cluster.laptop()).since(before)).isEmpty());
    }
  }

  private static void namesResolve(Cluster cluster, Http http) {
    for (String name : List.of("web", "web.default", "web.default.svc.cluster.local.")) {
      assertThat(http.get("http://" + name + "/").body()).isEqualTo("hello-from-web");
    }
    assertThat(http.get("http://web.shop/").body()).isEqualTo("hello-from-shop");
    assertThat(http.get("http://web-headless:8080/").body()).isEqualTo("hello-from-web");
    assertThat(http.dig("nothing.default.svc.cluster.local")).isEmpty();
    assertThat(http.get("http://teleproxy/api/status").status()).isEqualTo(200);
    assertThat(cluster.laptop().command("getent", "ahostsv4", "web.shop").run().out())
        .as("the C library")
        .contains(field(cluster, "service/web", "shop", ".spec.clusterIP"));
    if (cluster.isLab()) {
      assertThat(http.dig("www.example.test")).as("relayed").isNotEmpty();
    }
  }

  private static void connectionsFlow(Cluster cluster, Http http) {
    String service = field(cluster, "service/web", "default", ".spec.clusterIP");
    String pod = field(cluster, "pod/web", "default", ".status.podIP");
    assertThat(http.get("http://" + service + "/").body()).isEqualTo("hello-from-web");
    assertThat(http.get("http://" + pod + ":8080/").body()).isEqualTo("hello-from-web");
    for (String nobody : List.of("http://web:81/", "http://empty/", "http://" + pod + ":81/")) {
      assertThat(http.curl("--max-time", "5", nobody).exit()).as(nobody).isEqualTo(7);
    }
    assertThat(
            http.curl(
                    "-o",
                    "/dev/null",
                    "-w",
                    "%{size_download}",
                    "-r",
                    "0-8388607",
                    "http://web/big")
                .succeeded()
                .out())
        .isEqualTo("8388608");
    // The answer comes after we have said all: only who passes on the half-close gets it.
    assertThat(
            cluster
                .laptop()
                .command("socat", "-t20", "-", "TCP:tools:7")
                .input("once")
                .run()
                .succeeded()
                .out())
        .isEqualTo("once");
  }

  private static void datagramsFlow(Cluster cluster, Product product) {
    await("an agent, which carries datagrams, or the reason why there is none")
        .atMost(Duration.ofMinutes(2))
        .until(() -> !product.user().execute("status").out().contains("is being started"));
    within(
        "an answer to a datagram",
        () ->
            cluster
                .laptop()
                .command("socat", "-t2", "-T2", "-", "UDP:tools:7")
                .input("hello")
                .run()
                .out()
                .equals("hello"));
    assertThat(
            cluster
                .laptop()
                .command("socat", "-t2", "-T2", "-", "UDP:web:9")
                .input("hello")
                .run()
                .err())
        .contains("refused");
  }

  private static void servicesComeAndGo(Cluster cluster, Http http) {
    cluster.kubectl("expose", "pod", "web", "--name=late", "--port=8099", "--target-port=8080");
    try {
      String address = field(cluster, "service/late", "default", ".spec.clusterIP");
      within("a new service", () -> http.curl("http://late:8099/").out().contains("hello"));
      assertThat(addresses(cluster)).contains(address + "/32");
      cluster.kubectl("delete", "service", "late");
      within("its name is gone", () -> http.dig("late").isEmpty());
      within("its address is gone", () -> !addresses(cluster).contains(address + "/32"));
    } finally {
      cluster.kubectl("delete", "service", "late", "--ignore-not-found");
    }
  }

  private static void itSaysWhatItIs(Cluster cluster, Product product) {
    assertThat(product.user().execute("status").succeeded().out())
        .contains("backend=per-port-fallback", "no firewall", "original-destination");
    assertThat(product.user().execute("plugins", "list").succeeded().out())
        .containsPattern("per-port-fallback .* bundled .* applicable");
    assertThat(product.user().execute("explain", "web:80").succeeded().out()).contains("far end");
    assertThat(cluster.laptop().command("nft", "list", "ruleset").run().out())
        .doesNotContain("teleproxy");
  }

  private static String addresses(Cluster cluster) {
    return cluster.laptop().command("ip", "-o", "address", "show", "dev", "lo").run().out();
  }

  private static String field(Cluster cluster, String object, String namespace, String path) {
    return cluster
        .kubectl("get", object, "-n", namespace, "-o", "jsonpath={" + path + "}")
        .out()
        .trim();
  }

  private static void within(String what, Callable<Boolean> condition) {
    await(what).atMost(PATIENCE).pollInterval(Duration.ofMillis(50)).until(condition);
  }
}
