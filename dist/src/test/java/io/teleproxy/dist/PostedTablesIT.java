package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tables posted by hand divert to a SOCKS5 proxy that somebody else runs. */
@InCluster
class PostedTablesIT {
  private static final String TABLES = "http://teleproxy/api/tables/";
  private static final String TABLE = TABLES + "my-routing-table";

  private static final String EXAMPLE =
      """
      [{
        "name": "my-routing-table",
        "routes": [
          {"name": "myhostname", "proto": "tcp", "ip": "1.2.3.4", "target": "1234"},
          {"name": "myotherhostname", "proto": "tcp", "ip": "1.2.3.5", "target": "1234"}
        ]
      }]
      """;

  private static ForeignProxy proxy;
  private static Product product;
  private static Http http;

  @BeforeAll
  static void run(Cluster cluster) {
    proxy = new ForeignProxy(cluster.laptop(), 1234, "1.2.3.4", "1.2.3.5");
    http = new Http(cluster.laptop());
    product = cluster.run();
  }

  @AfterAll
  static void stop() {
    if (product != null) {
      product.close();
    }
    if (proxy != null) {
      proxy.close();
    }
  }

  @AfterEach
  void delete() {
    http.delete(TABLE);
  }

  @Test
  void aPostedTableResolvesAndDiverts() {
    assertThat(http.post(TABLES, EXAMPLE).status()).isEqualTo(200);

    assertThat(http.dig("myhostname")).containsExactly("1.2.3.4");
    assertThat(http.get("http://myhostname/").body()).isEqualTo("this is 1.2.3.4");
    assertThat(http.get("http://myotherhostname/").body()).isEqualTo("this is 1.2.3.5");
    assertThat(http.get("http://1.2.3.4/").body()).isEqualTo("this is 1.2.3.4");
  }

  @Test
  void explainTellsOfPrefixesWhichRuleItIsAndHowOftenItHasMatched() {
    assumeFalse(Backend.isNamed(Backend.PER_PORT), "it intercepts no prefixes");
    http.post(
        TABLES,
        """
        [{"name": "my-routing-table", "routes": [
          {"ip": "10.50.0.0/16", "target": "1234"},
          {"ip": "10.60.0.0/16", "port": "1-100", "action": "reject"}]}]""");
    http.curl("http://10.50.1.1/");
    http.curl("http://10.60.1.1/");

    assertThat(product.user().execute("explain", "10.50.1.1:80").out())
        .contains("this one has matched 1 new flow", "10.50.0.0/16");
    assertThat(product.user().execute("explain", "10.60.1.1:80").out())
        .contains("refused by the firewall (1 so far", "10.60.0.0/16")
        .contains("Broken: route. If that is not what you want, change the table");
  }

  @Test
  void tablesAreShownAsTheyWerePosted() {
    http.post(TABLES, EXAMPLE);

    JsonElement posted = JsonParser.parseString(EXAMPLE).getAsJsonArray().get(0);
    assertThat(JsonParser.parseString(http.get(TABLE).body())).isEqualTo(posted);
    assertThat(JsonParser.parseString(http.get(TABLES).body()).getAsJsonArray()).contains(posted);
  }

  @Test
  void aTableOfTheSameNameReplacesAllRoutes() {
    http.post(TABLES, EXAMPLE);
    http.post(
        TABLES,
        """
        [{"name": "my-routing-table",
          "routes": [{"name": "third", "proto": "tcp", "ip": "1.2.3.5", "target": "1234"}]}]
        """);

    assertThat(http.get("http://third/").body()).isEqualTo("this is 1.2.3.5");
    assertThat(http.curl("http://myhostname/").exit()).isEqualTo(6);
    assertThat(http.curl("http://1.2.3.4/").exit()).as("no longer diverted").isNotZero();
  }

  @Test
  void aDeletedTableIsGone() {
    http.post(TABLES, EXAMPLE);
    assertThat(http.delete(TABLE).status()).isEqualTo(200);

    assertThat(http.get(TABLE).status()).isEqualTo(404);
    assertThat(http.dig("myhostname")).isEmpty();
    assertThat(http.curl("http://1.2.3.4/").exit()).isNotZero();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{                                                     | not JSON",
        "[{\"name\": \"t\", \"rutes\": []}]                    | rutes: unknown field",
        "[{\"routes\": []}]                                    | name: missing",
        "[{\"name\": \"t\", \"routes\": [{\"ip\": \"1.2.3\", \"target\": \"1\"}]}]" + " | 1.2.3",
        "[{\"name\": \"t\", \"routes\": [{\"ip\": \"1.2.3.4\", \"target\": \"70000\"}]}]"
            + " | target: '70000' (expected:",
        "[{\"name\": \"t\", \"routes\": [{\"ip\": \"1.2.3.4\", \"target\": \"1\", \"proto\": \"x\"}]}]"
            + " | proto",
      })
  void aMalformedTableIsRefusedWithTheReason(String body, String reason) {
    List<String> before = tableNames();
    Http.Answer answer = http.post(TABLES, body);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.body()).contains(reason);
    assertThat(tableNames()).as("nothing of it applied").isEqualTo(before);
  }

  /** The tables' contents change meanwhile: pods come and go. */
  private static List<String> tableNames() {
    return Pattern.compile("\\{\"name\":\"([^\"]+)\",\"(?:zones|routes|records)\"")
        .matcher(http.get(TABLES).body())
        .results()
        .map(found -> found.group(1))
        .toList();
  }

  @Test
  void aRequestIsAppliedAsAWholeOrNotAtAll() {
    Http.Answer answer =
        http.post(
            TABLES,
            """
            [{"name": "good", "routes": []},
             {"name": "bad", "routes": [{"ip": "1.2.3.4", "target": "none"}]}]
            """);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(http.get(TABLES + "good").status()).isEqualTo(404);
  }

  @Test
  void theTableOfOurOwnNamesCannotBeReplaced() {
    Http.Answer answer = http.post(TABLES, "[{\"name\": \"bootstrap\", \"routes\": []}]");

    assertThat(answer.status()).isBetween(400, 499);
    assertThat(answer.body()).contains("bootstrap", "reserved");
    assertThat(http.delete(TABLES + "bootstrap").status()).isBetween(400, 499);
    assertThat(http.dig("teleproxy")).containsExactly("127.254.254.254");
  }

  @Test
  void theSearchPathCanBeChanged() {
    String before = http.get("http://teleproxy/api/search").body();
    http.post("http://teleproxy/api/search", "[\"shop.svc.cluster.local\"]");
    try {
      assertThat(http.get("http://web/").body()).isEqualTo("hello-from-shop");
    } finally {
      http.post("http://teleproxy/api/search", before);
    }
    assertThat(http.get("http://web/").body()).isEqualTo("hello-from-web");
  }
}
