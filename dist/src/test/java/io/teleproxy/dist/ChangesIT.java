package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** What changes in the cluster is true on the laptop within a second of kubectl's return. */
@InCluster(from = Cluster.Laptop.COLLEAGUES)
@Isolated("holds changes to a second")
class ChangesIT {
  private static final Duration LIMIT = Duration.ofSeconds(1);

  private static Product product;
  private static Http http;

  private Cluster.Space space;

  @BeforeAll
  static void run(Cluster cluster) {
    http = new Http(cluster.laptop());
    product = cluster.run();
    // In the lab the agent starts on the laptop's own processors.
    await("the agent has started, or cannot")
        .atMost(Duration.ofMinutes(2))
        .until(() -> !product.user().execute("status").out().contains("is being started"));
  }

  @AfterAll
  static void stop() {
    if (product != null) {
      product.close();
    }
  }

  @BeforeEach
  void createSpace(Cluster cluster) {
    space = cluster.space();
    // A namespace without its default service account admits no pods yet.
    await()
        .until(() -> cluster.kubectlTried("get", "sa", "default", "-n", space.name()).exit() == 0);
  }

  @AfterEach
  void deleteSpace() {
    space.close();
  }

  @Test
  void aServiceAppearsChangesAndDisappears() {
    startPod("backend", "app=backend");
    space.kubectl("create", "service", "clusterip", "backend", "--tcp=80:8080");
    String url = "http://backend." + space.name();
    within("a new service answers", () -> http.curl(url + "/").out().contains("backend"));

    replacePort(8081);
    within("the new port answers", () -> http.curl(url + ":8081/").out().contains("backend"));
    within("the old port is refused", () -> http.curl(url + "/").exit() == 7);

    space.kubectl("label", "pod", "backend", "app=other", "--overwrite");
    within("without endpoints it is refused", () -> http.curl(url + ":8081/").exit() == 7);
    space.kubectl("label", "pod", "backend", "app=backend", "--overwrite");
    within("it answers again", () -> http.curl(url + ":8081/").out().contains("backend"));

    String address = address("service/backend", ".spec.clusterIP");
    space.kubectl("delete", "service", "backend");
    within("its name is gone", () -> http.dig("backend." + space.name()).isEmpty());
    assertThat(http.get("http://teleproxy/api/tables/").body()).doesNotContain(address + "\"");
  }

  @Test
  void aPodAppearsAndDisappears() {
    startPod("lonely", "app=lonely");
    String address = address("pod/lonely", ".status.podIP");
    String name = address.replace('.', '-') + "." + space.name() + ".pod.cluster.local";

    within("its name is known", () -> http.dig(name).contains(address));
    within("it answers", () -> http.curl("http://" + address + ":8080/").out().contains("lonely"));

    space.kubectl("delete", "pod", "lonely", "--force", "--grace-period=0");
    within(
        "it is gone",
        () -> !http.get("http://teleproxy/api/tables/").body().contains(address + "\""));
  }

  /** Ready when this returns; answers with its name on port 8080. */
  private void startPod(String name, String labels) {
    String serve =
        "mkdir -p /tmp/www; echo "
            + name
            + " >/tmp/www/index.html; exec httpd -f -p 8080 -h /tmp/www";
    space.kubectl(
        "run",
        name,
        "--image=docker.io/library/busybox:1",
        "--image-pull-policy=IfNotPresent",
        "--labels=" + labels,
        "--command",
        "--",
        "/bin/sh",
        "-c",
        serve);
    space.kubectl("wait", "--for=condition=Ready", "pod/" + name, "--timeout=120s");
  }

  private void replacePort(int port) {
    space.kubectl(
        "patch",
        "service",
        "backend",
        "--type=json",
        "-p",
        "[{\"op\": \"replace\", \"path\": \"/spec/ports/0/port\", \"value\": " + port + "}]");
  }

  private String address(String object, String field) {
    return space.kubectl("get", object, "-o", "jsonpath={" + field + "}").out().trim();
  }

  private static void within(String what, Callable<Boolean> condition) {
    long start = System.nanoTime();
    await(what)
        .atMost(LIMIT)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(5))
        .until(condition);
    double millis = (System.nanoTime() - start) / 1e6;
    System.out.printf(Locale.ROOT, "%s after %.0f ms%n", what, millis);
  }
}
