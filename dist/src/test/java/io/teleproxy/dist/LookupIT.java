package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names of the cluster through the resolvers of C libraries, and what dig sees of them. */
@InCluster
class LookupIT {
  private static final Path MUSL_SOURCE = Path.of("src/test/musl/lookup.c").toAbsolutePath();

  private static Cluster cluster;
  private static Product product;
  private static Http http;
  private static String web;
  private static String shop;

  @BeforeAll
  static void run(Cluster started) {
    cluster = started;
    http = new Http(cluster.laptop());
    web = clusterIp("web", "default");
    shop = clusterIp("web", "shop");
    product = cluster.run();
  }

  @AfterAll
  static void stop() {
    if (product != null) {
      product.close();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "web, default",
    "WEB, default",
    "web., default",
    "web.default, default",
    "web.default.svc, default",
    "web.default.svc.cluster.local, default",
    "web.default.svc.cluster.local., default",
    "web.shop, shop",
    "web.shop., shop",
    "web.shop.svc, shop",
    "web.shop.svc.cluster.local, shop",
  })
  void glibcFindsServicesHoweverTheyAreTyped(String name, String namespace) {
    String address = namespace.equals("shop") ? shop : web;
    assertThat(glibc(name, "")).as("without search domains").isEqualTo(address);
    // Completed first where the name has no dot, last where it has one: our names win in the end.
    assertThat(glibc(name, "corp.example")).as("with a search domain").isEqualTo(address);
  }

  @Test
  void glibcIsToldThatNamesDoNotExist() {
    for (String name : List.of("nothing", "nothing.shop", "web.nothing.svc.cluster.local")) {
      assertThat(glibc(name, "corp.example")).as(name).isEmpty();
    }
  }

  @Test
  void muslFindsServicesHoweverTheyAreTyped(@TempDir Path folder) {
    Requirements.programs("musl-gcc");
    String program = folder.resolve("lookup").toString();
    Command.of("musl-gcc", "-static", "-O", "-o", program, MUSL_SOURCE.toString())
        .run()
        .succeeded();

    assertThat(
            cluster
                .laptop()
                .command(
                    program,
                    "web",
                    "web.shop",
                    "web.shop.svc",
                    "web.shop.svc.cluster.local",
                    "web.shop.svc.cluster.local.",
                    "nothing.shop.svc.cluster.local")
                .run()
                .lines())
        .containsExactly(
            "web " + web,
            "web.shop " + shop,
            "web.shop.svc " + shop,
            "web.shop.svc.cluster.local " + shop,
            "web.shop.svc.cluster.local. " + shop,
            "nothing.shop.svc.cluster.local unknown");
  }

  @Test
  void servicesAreFoundByTheirPorts() {
    String host = "web.default.svc.cluster.local.";
    assertThat(http.dig("_http._tcp.web.default.svc.cluster.local", "SRV"))
        .containsExactly("0 100 80 " + host);
    String answer = answer("_http._tcp.web.default.svc.cluster.local", "SRV", "+additional");
    assertThat(answer.replaceAll("\\s+", " ")).contains(host + " 5 IN A " + web);
    assertThat(http.dig("web", "SRV")).containsExactly("0 100 80 " + host);
  }

  @Test
  void headlessServicesAreTheirPods() {
    String pod = field("pod/web", "default", ".status.podIP");
    String name = pod.replace('.', '-') + ".web-headless.default.svc.cluster.local.";
    assertThat(http.dig("web-headless")).containsExactly(pod);
    assertThat(http.dig(name)).containsExactly(pod);
    assertThat(http.dig("_http._tcp.web-headless", "SRV")).containsExactly("0 100 8080 " + name);
    assertThat(http.dig("-x", pod)).contains(name);
  }

  @Test
  void addressesHaveNames() {
    assertThat(http.dig("-x", web)).containsExactly("web.default.svc.cluster.local.");
  }

  @Test
  void theZoneTellsAboutItself() {
    assertThat(http.dig("dns-version.cluster.local", "TXT")).containsExactly("\"1.1.0\"");
    assertThat(http.dig("cluster.local", "SOA").get(0)).startsWith("ns.dns.cluster.local. ");
    assertThat(http.dig("cluster.local", "NS")).hasSize(1);
    assertThat(http.dig("web.shop", "@127.254.254.254"))
        .as("asked on purpose")
        .containsExactly(shop);
  }

  @ParameterizedTest
  @CsvSource({
    "nothing.default.svc.cluster.local, A, NXDOMAIN",
    "web.default.svc.cluster.local, AAAA, NOERROR",
    "web.default.svc.cluster.local, MX, NOERROR",
    "default.svc.cluster.local, A, NOERROR",
    "kube-public.svc.cluster.local, A, NOERROR",
    "no-namespace.svc.cluster.local, A, NXDOMAIN",
    "cluster.local, A, NOERROR",
  })
  void negativeAnswersAreAuthoritativeAndShort(String name, String type, String status) {
    String answer = answer(name, type, "+comments", "+authority");

    assertThat(answer).contains("status: " + status).containsPattern("flags: qr aa");
    assertThat(answer).containsPattern("cluster\\.local\\.\\s+5\\s+IN\\s+SOA");
  }

  @Test
  void externalNamesLeadOutOfTheCluster() {
    Requirements.met(cluster.isLab(), "www.example.test is known in the lab only");

    assertThat(http.dig("outside")).containsExactly("www.example.test.", "10.99.1.1");
    assertThat(glibc("outside.default.svc.cluster.local", "")).isEqualTo("10.99.1.1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"wEb.DefAULT.svc.cluster.LOCAL.", "WeB.sHop."})
  void namesKeepTheCaseInWhichTheyWereAsked(String name) {
    assertThat(answer(name, "A", "+answer").split("\\s")[0]).isEqualTo(name);
  }

  /** The first address that programs get, or nothing. */
  private static String glibc(String name, String search) {
    Command getent = Command.of("getent", "ahostsv4", name).env("LOCALDOMAIN", search);
    List<String> lines = cluster.laptop().enter(getent).run().lines();
    return lines.isEmpty() ? "" : lines.get(0).split(" ", 2)[0];
  }

  private static String answer(String name, String type, String... sections) {
    List<String> words = new ArrayList<>(List.of("dig", "+noall", name, type));
    words.addAll(List.of(sections));
    return cluster.laptop().command(words.toArray(String[]::new)).run().out();
  }

  private static String clusterIp(String service, String namespace) {
    return field("service/" + service, namespace, ".spec.clusterIP");
  }

  private static String field(String object, String namespace, String path) {
    return cluster
        .kubectl("get", object, "-n", namespace, "-o", "jsonpath={" + path + "}")
        .out()
        .trim();
  }
}
