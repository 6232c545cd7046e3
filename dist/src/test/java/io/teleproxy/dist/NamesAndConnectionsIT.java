package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the product is for: names of the cluster resolve and connections flow. */
@InCluster(from = Cluster.Laptop.COLLEAGUES)
class NamesAndConnectionsIT {
  private static Product product;
  private static Http http;
  private static String publicAddress;

  @BeforeAll
  static void run(Cluster cluster) {
    http = new Http(cluster.laptop());
    publicAddress = String.join(" ", http.dig("www.example.test"));
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
    "http://web/, hello-from-web",
    "http://web.default/, hello-from-web",
    "http://web.default.svc/, hello-from-web",
    "http://web.default.svc.cluster.local/, hello-from-web",
    "http://web.default.svc.cluster.local./, hello-from-web",
    "http://web-headless:8080/, hello-from-web",
    "http://web.shop/, hello-from-shop",
    "http://web.shop.svc.cluster.local/, hello-from-shop",
  })
  void servicesAnswerByName(String url, String body) {
    assertThat(http.get(url)).isEqualTo(new Http.Answer(200, body));
  }

  @Test
  void podsAnswerByAddress(Cluster cluster) {
    String address =
        cluster.kubectl("get", "pod", "web", "-o", "jsonpath={.status.podIP}").out().trim();

    assertThat(http.get("http://" + address + ":8080/").body()).isEqualTo("hello-from-web");
    assertThat(http.dig(address.replace('.', '-') + ".default.pod.cluster.local"))
        .containsExactly(address);
  }

  @Test
  void theApiServerAnswersUnderItsClusterName() {
    // Who comes without credentials is refused, or let in as anonymous: an answer all the same.
    assertThat(http.get("https://kubernetes/api").status()).isIn(200, 401, 403);
  }

  @Test
  void otherNamesAreResolvedByTheOriginalNameserver(Cluster cluster) {
    Requirements.met(cluster.isLab(), "www.example.test is known in the lab only");

    assertThat(publicAddress).isNotEmpty();
    assertThat(http.dig("www.example.test")).containsExactly(publicAddress);
    assertThat(http.dig("www.example.test", "+tcp")).containsExactly(publicAddress);
    assertThat(http.dig("example.test", "TXT")).containsExactly("\"v=spf1 -all\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://web:81/", "http://empty/"})
  void connectionsThatCannotSucceedAreRefusedAtOnce(String url) {
    long start = System.nanoTime();
    Command.Result result = http.curl("-v", "--max-time", "2", url);
    long millis = (System.nanoTime() - start) / 1_000_000;

    assertThat(result.exit()).as("%s", result).isEqualTo(7);
    assertThat(result.err()).containsIgnoringCase("refused");
    assertThat(millis).isLessThan(1000);
  }

  @Test
  void anAnswerOfAnyLengthArrivesWhole() {
    Command.Result result =
        http.curl(
            "-r", "0-33554431", "-o", "/dev/null", "-w", "%{size_download}", "http://web/big");

    assertThat(result.succeeded().out()).isEqualTo("33554432");
  }

  @Test
  void teleproxyIsAName() {
    assertThat(http.dig("teleproxy")).containsExactly("127.254.254.254");
    assertThat(http.get("http://teleproxy/api/status").status()).isEqualTo(200);
    assertThat(http.get("http://teleproxy/api/tables/").body()).contains("bootstrap");
  }

  @Test
  void theSearchPathBeginsWithTheNamespaceOfTheKubeconfig() {
    assertThat(http.get("http://teleproxy/api/search").body())
        .startsWith("[\"default.svc.cluster.local\"");
  }

  @Test
  void otherCommandsFindTheRunningDaemon() {
    Command.Result status = product.user().execute("status", "--json");
    assertThat(status.succeeded().out()).startsWith("{");
    assertThat(status.err()).isEmpty();

    assertThat(product.user().execute("tables").succeeded().out()).contains("bootstrap");
  }

  @Test
  void standardOutputHoldsOneLine() {
    assertThat(product.stdout().lines()).hasSize(1);
    assertThat(product.stdout()).startsWith("ready");
  }
}
