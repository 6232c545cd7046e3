package io.teleproxy.plugin.kubernetes.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.teleproxy.plugin.kubernetes.KubernetesWatcher;
import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.Watcher;
import io.teleproxy.testkit.RecordingContext;
import io.teleproxy.testkit.TestEnvironment;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WatchSessionTest {
  private static final String SERVICES = "/api/v1/services";
  private static final String SLICES = "/apis/discovery.k8s.io/v1/endpointslices";
  private static final String PODS = "/api/v1/pods";
  private static final String NODES = "/api/v1/nodes";
  private static final String NAMESPACES = "/api/v1/namespaces";
  private static final String NOTHING = "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}";
  private static final String WEB = "web.default.svc.cluster.local";

  @TempDir Path folder;
  private FakeApiServer server;
  private RecordingContext context;
  private Watcher.Session session;

  @BeforeEach
  void serveAnEmptyCluster() throws IOException {
    Awaitility.setDefaultTimeout(Duration.ofSeconds(30));
    server = new FakeApiServer();
    for (String path : new String[] {SERVICES, SLICES, PODS, NODES, NAMESPACES}) {
      server.lists.put(path, NOTHING);
    }
  }

  @AfterEach
  void stop() {
    if (session != null) {
      session.close();
    }
    server.close();
  }

  @Test
  void firstAPendingTableThenACompleteOneThenEveryChange() throws IOException {
    open(server.url().toString(), Map.of());
    assertThat(context.tables.get(0))
        .isEqualTo(Table.pending("kubernetes", java.util.List.of("cluster.local")));
    assertThat(context.searches)
        .containsExactly(
            java.util.List.of("default.svc.cluster.local", "svc.cluster.local", "cluster.local"));
    ready();
    assertThat(context.table().synced()).isTrue();

    server.send(SERVICES, event("ADDED", "2"));
    await().until(() -> context.names(WEB));

    server.send(SERVICES, event("DELETED", "3"));
    await().until(() -> !context.names(WEB));
  }

  /** The drill 'huge cluster': what is seen while it is read, and that nothing is cut off. */
  @Test
  void ofAHugeClusterItSaysHowFarItIsAndHowMuchThereIs() throws IOException {
    server.lists.put(SERVICES, services(20_000));
    server.lists.put(PODS, FakeApiServer.HELD);
    open(server.url().toString(), Map.of());
    await()
        .until(
            () ->
                context
                    .health()
                    .reason()
                    .equals(
                        "reading the cluster from " + server.url() + ": 20000 services so far"));

    server.lists.put(PODS, NOTHING);
    ready();
    assertThat(context.failures).isEmpty();
    assertThat(context.table().routeCount()).isEqualTo(40_000);
    assertThat(context.details).containsEntry("services", "20000").containsEntry("pods", "0");
  }

  private static String services(int count) {
    StringBuilder items = new StringBuilder();
    for (int i = 0; i < count; i++) {
      items.append(i == 0 ? "" : ",");
      items.append(
          "{\"metadata\":{\"namespace\":\"default\",\"name\":\"s%d\"},\"spec\":{\"clusterIP\":\"10.%d.%d.%d\"}}"
              .formatted(i, 100 + i / 40_000, i / 200 % 200, i % 200));
    }
    return "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[" + items + "]}";
  }

  @Test
  void namespacesAreIncludedAndExcluded() throws IOException {
    server.lists.put(SERVICES, list(service("web", "shop"), service("web", "dev")));
    open(
        server.url().toString(), Map.of("namespaces.included", "shop", "namespaces.excluded", "x"));
    ready();
    assertThat(context.names("web.shop.svc.cluster.local")).isTrue();
    assertThat(context.names("web.dev.svc.cluster.local")).isFalse();
  }

  @Test
  void theDomainIsFoundInTheConfigurationOfCoreDns() throws IOException {
    server.lists.put(
        "/api/v1/namespaces/kube-system/configmaps/coredns",
        "{\"data\":{\"Corefile\":\".:53 {\\n  errors\\n  kubernetes K8s.Example. in-addr.arpa"
            + " ip6.arpa {\\n    pods insecure\\n  }\\n}\\n\"}}");
    open(server.url().toString(), Map.of());
    ready();
    assertThat(context.table().zones()).containsExactly("k8s.example");
    assertThat(context.searches.get(context.searches.size() - 1)).contains("svc.k8s.example");
  }

  @Test
  void theDomainIsFoundInTheConfigurationOfAKubelet() throws IOException {
    server.lists.put(
        NODES,
        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{\"metadata\":{\"name\":\"n1\"}}]}");
    server.lists.put(
        "/api/v1/nodes/n1/proxy/configz", "{\"kubeletconfig\":{\"clusterDomain\":\"k8s.test\"}}");
    open(server.url().toString(), Map.of());
    ready();
    assertThat(context.table().zones()).containsExactly("k8s.test");
  }

  @Test
  void aWatchThatEndsGoesOnWhereItStopped() throws IOException {
    open(server.url().toString(), Map.of());
    ready();
    server.send(SERVICES, event("ADDED", "41"));
    server.send(
        SERVICES, "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"42\"}}}");
    await().until(() -> context.names(WEB));
    server.send(SERVICES, FakeApiServer.END);

    await().until(() -> asked(SERVICES, "resourceVersion=42") > 0);
    assertThat(asked(SERVICES, "resourceVersion=0")).isEqualTo(1);
    assertThat(context.names(WEB)).isTrue();
  }

  @Test
  void aWatchThatBreaksAgainAndAgainIsTakenUpAtOnceEachTime() throws Exception {
    open(server.url().toString(), Map.of());
    ready();
    long waited = 0;
    for (int i = 0; i < 5; i++) {
      long watches = asked(SERVICES, "watch=1");
      // What has lasted so long was no failure.
      Thread.sleep(1_050);
      long broken = System.nanoTime();
      server.send(SERVICES, FakeApiServer.BREAK);
      await().pollInterval(Duration.ofMillis(5)).until(() -> asked(SERVICES, "watch=1") > watches);
      waited += System.nanoTime() - broken;
    }
    // Five failures in a row would take 2.5 s at the least, five first ones 1 s at the most.
    assertThat(Duration.ofNanos(waited)).isLessThan(Duration.ofMillis(2_400));
  }

  @Test
  void anOutdatedWatchListsAgainFromTheSourceItself() throws IOException {
    open(server.url().toString(), Map.of());
    ready();
    server.send(SERVICES, event("ADDED", "2"));
    await().until(() -> context.names(WEB));

    server.send(SERVICES, "{\"type\":\"ERROR\",\"object\":{\"code\":410,\"message\":\"too old\"}}");

    await().until(() -> !context.names(WEB));
    assertThat(context.health().state()).isEqualTo(Health.State.READY);
  }

  @Test
  void withoutAServerTheLastTableStaysAndHealthSaysSinceWhen() throws IOException {
    server.lists.put(SERVICES, NOTHING.replace("[]", "[" + service("1") + "]"));
    open(server.url().toString(), Map.of());
    ready();
    assertThat(context.names(WEB)).isTrue();

    server.stop();
    await().until(() -> context.health().state() == Health.State.DEGRADED);
    assertThat(context.health().reason()).contains(server.url().toString(), "since", "as of then");
    assertThat(context.names(WEB)).isTrue();

    server.start();
    await().until(() -> context.health().state() == Health.State.READY);
    server.send(SERVICES, event("DELETED", "9"));
    await().until(() -> !context.names(WEB));
    assertThat(context.failures).isEmpty();
  }

  @Test
  void anOldClusterIsReadByWhatItHas() throws IOException {
    server.lists.remove(SLICES);
    server.lists.put("/apis/discovery.k8s.io/v1beta1/endpointslices", NOTHING);
    open(server.url().toString(), Map.of());
    ready();
    session.close();

    server.lists.remove("/apis/discovery.k8s.io/v1beta1/endpointslices");
    server.lists.put("/api/v1/endpoints", NOTHING);
    open(server.url().toString(), Map.of());
    ready();
  }

  @Test
  void withRightsInOneNamespaceOnlyThatOneIsFollowed() throws IOException {
    for (String path : new String[] {SERVICES, SLICES, PODS, NODES, NAMESPACES}) {
      server.lists.put(path, "403");
    }
    server.lists.put("/api/v1/namespaces/shop/pods", "403");
    server.lists.put("/api/v1/namespaces/shop/services", NOTHING);
    server.lists.put("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices", NOTHING);
    open(server.url().toString(), Map.of("namespace", "shop"));
    ready();

    await().until(() -> context.health().state() == Health.State.DEGRADED);
    assertThat(context.health().reason())
        .isEqualTo(
            "only namespace 'shop' is followed: no right to list and watch services,"
                + " endpointslices in all namespaces; no right to list and watch pods at all");
    assertThat(context.health().remedy()).contains("kind: Role", "namespace: shop");
  }

  @Test
  void withoutAnyRightsTheRunEndsWithTheRoleThatIsMissing() throws IOException {
    for (String path : new String[] {SERVICES, SLICES, PODS, NODES, NAMESPACES}) {
      server.lists.put(path, "403");
    }
    server.lists.put("/api/v1/namespaces/default/services", "403");
    open(server.url().toString(), Map.of());

    await().until(() -> !context.failures.isEmpty());
    assertThat(context.failures.get(0)).hasMessageContaining("HTTP 403: said the server");
    assertThat(context.failures.get(0).remedy()).contains("resources: [endpointslices]");
  }

  @Test
  void refusedCredentialsEndTheRunAtOnce() throws IOException {
    server.lists.put(SERVICES, "401");
    open(server.url().toString(), Map.of("start-timeout", "PT1H"));

    await().until(() -> !context.failures.isEmpty());
    assertThat(context.failures.get(0)).hasMessageContaining("does not accept the credentials");
  }

  @Test
  void credentialsThatExpireWhileRunningAreNamedAndTheTableStays() throws IOException {
    open(server.url().toString(), Map.of());
    ready();
    Table before = context.table();
    server.lists.put(SERVICES, "401");
    server.send(SERVICES, FakeApiServer.END);

    await().until(() -> context.health().state() == Health.State.DEGRADED);
    assertThat(context.health().reason()).contains("cannot be read since", "HTTP 401");
    assertThat(context.health().remedy()).contains("Log in again");
    assertThat(context.health().cause()).isEqualTo(Cause.CREDENTIALS_REFUSED);
    assertThat(context.table()).isEqualTo(before);
  }

  @Test
  void aCaptivePortalThatComesWhileRunningIsNamedAndForgottenWhenItIsGone() throws IOException {
    open(server.url().toString(), Map.of());
    ready();
    Table before = context.table();
    String services = server.lists.put(SERVICES, "302");
    server.send(SERVICES, FakeApiServer.END);

    await().until(() -> context.health().cause() == Cause.CAPTIVE_PORTAL);
    assertThat(context.health().state()).isEqualTo(Health.State.DEGRADED);
    assertThat(context.health().reason()).contains("HTTP 302", "likely a captive portal");
    assertThat(context.health().remedy()).contains("with a browser");
    assertThat(context.table()).isEqualTo(before);

    server.lists.put(SERVICES, services);
    await().until(() -> context.health().state() == Health.State.READY);
  }

  @Test
  void anUnreachableServerEndsTheRunWhenTheTimeIsUp() throws IOException {
    int nobody;
    try (ServerSocket socket = new ServerSocket(0)) {
      nobody = socket.getLocalPort();
    }
    open("http://127.0.0.1:" + nobody, Map.of("start-timeout", "PT1S"));

    await().until(() -> !context.failures.isEmpty());
    assertThat(context.failures.get(0))
        .hasMessageContaining("127.0.0.1:" + nobody)
        .hasMessageContaining("cannot be reached: Connection refused");
  }

  @Test
  void aServerThatNeverAnswersEndsTheRunWhenTheTimeIsUp() throws IOException {
    try (ServerSocket mute = new ServerSocket(0)) {
      open("http://127.0.0.1:" + mute.getLocalPort(), Map.of("start-timeout", "PT1S"));

      await().until(() -> !context.failures.isEmpty());
      assertThat(context.failures.get(0)).hasMessageContaining("no answer in time");
    }
  }

  @Test
  void whatTheServerSaysOfOneListSaysMoreThanItsSilenceAboutAnother() throws IOException {
    server.lists.put(SERVICES, FakeApiServer.HELD);
    server.lists.put(PODS, "500");
    open(server.url().toString(), Map.of("start-timeout", "PT3S"));

    await().until(() -> !context.failures.isEmpty());
    assertThat(context.failures.get(0)).hasMessageContaining("said the server");
  }

  @Test
  void aFailingServerIsNotAskedInABusyLoop() throws IOException {
    open(server.url().toString(), Map.of());
    ready();
    server.lists.put(SERVICES, "500");
    server.send(SERVICES, FakeApiServer.END);
    await().until(() -> context.health().state() == Health.State.DEGRADED);
    int before = server.requests.size();

    await().until(() -> server.requests.size() > before + 2);
    assertThat(server.requests).hasSizeLessThan(before + 40);
  }

  @Test
  void afterCloseNoThreadIsLeft() throws IOException {
    open(server.url().toString(), Map.of());
    ready();
    session.close();
    session.close();

    await()
        .until(
            () ->
                Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(thread -> thread.getName().startsWith("kubernetes-")));
  }

  private void ready() {
    await().until(() -> context.healths.stream().anyMatch(h -> h.state() == Health.State.READY));
  }

  private long asked(String path, String query) {
    return server.requests.stream()
        .filter(request -> request.startsWith(path + "?") && request.contains(query))
        .count();
  }

  private void open(String url, Map<String, String> settings) throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("config"),
            """
            clusters: [{name: c, cluster: {server: "%s"}}]
            contexts: [{name: c, context: {cluster: c}}]
            current-context: c
            """
                .formatted(url));
    Map<String, String> all = new HashMap<>(settings);
    all.put("kubeconfig", file.toString());
    context = new RecordingContext(new TestEnvironment(Map.of(), all));
    session = new KubernetesWatcher().open(context);
  }

  private static String event(String type, String version) {
    return "{\"type\":\"" + type + "\",\"object\":" + service(version) + "}\n";
  }

  private static String service(String version) {
    return """
        {"metadata":{"namespace":"default","name":"web","resourceVersion":"%s",
        "managedFields":[{"fieldsV1":{"f:x":{}}}]},
        "spec":{"clusterIP":"10.96.0.20","ports":[{"port":80,"protocol":"TCP"}]}}
        """
        .formatted(version);
  }

  private static String list(String... items) {
    return "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[" + String.join(",", items) + "]}";
  }

  private static String service(String name, String namespace) {
    return "{\"metadata\":{\"name\":\""
        + name
        + "\",\"namespace\":\""
        + namespace
        + "\"},\"spec\":{\"clusterIP\":\"10.96.0.7\"}}";
  }
}
