package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** A jar that was built outside of this project works when it lies in the user's plugin folder. */
@InCluster
class DropInPluginIT {
  private static final String JAR = "plugins/greeting.jar";

  @Test
  void aDropInIsListedAndAnswers(Cluster cluster) {
    try (Product.User user = Product.user(cluster.laptop())) {
      DropIn.build(
          "GreetingResolver.java",
          user.configuration().resolve(JAR),
          "Plugin-Id: greeting",
          "Plugin-Version: 1.2.3");

      JsonObject listed = listed(user, "greeting");
      assertThat(listed.get("version").getAsString()).isEqualTo("1.2.3");
      assertThat(listed.get("source").getAsString()).isEqualTo("drop-in");
      assertThat(user.execute("plugins", "list").succeeded().lines())
          .anyMatch(line -> line.contains("greeting") && line.contains("1.2.3"));

      try (Product product = user.start("run", "--kubeconfig", cluster.kubeconfig().toString())) {
        product.awaitReady();
        Http http = new Http(cluster.laptop());
        assertThat(http.dig("greeting.example")).containsExactly("192.0.2.7");
        assertThat(http.dig("greeting.example", "TXT")).containsExactly("\"hello\"");
        assertThat(http.get("http://web/").body()).isEqualTo("hello-from-web");
      }
    }
  }

  @Test
  void aBrokenDropInIsNamedAndDisturbsNobody(Cluster cluster) {
    try (Product.User user = Product.user(cluster.laptop())) {
      user.write("plugins/garbage.jar", "this is not a jar");

      Command.Result list = user.execute("plugins", "list").succeeded();
      assertThat(list.out()).contains("garbage.jar");
      assertThat(list.out() + list.err()).doesNotContain("\tat ");

      try (Product product = user.start("run", "--kubeconfig", cluster.kubeconfig().toString())) {
        product.awaitReady();
        assertThat(product.stderr().lines().filter(line -> line.contains("garbage.jar")))
            .hasSize(1);
        assertThat(new Http(cluster.laptop()).get("http://web/").body())
            .isEqualTo("hello-from-web");
      }
    }
  }

  @Test
  void whatComesWithTheProductIsListedToo(Cluster cluster) {
    try (Product.User user = Product.user(cluster.laptop())) {
      assertThat(listed(user, "kubernetes").get("source").getAsString()).isEqualTo("built-in");
      assertThat(listed(user, "linux-iptables").get("source").getAsString()).isEqualTo("bundled");
      for (String other : List.of("macos-pf", "windows-netsh")) {
        JsonObject plugin = listed(user, other);
        assertThat(plugin.get("state").getAsString()).isEqualTo("other-os");
        assertThat(plugin.get("reason").getAsString()).contains("os=linux");
      }
    }
  }

  private static JsonObject listed(Product.User user, String id) {
    String json = user.execute("plugins", "list", "--json").succeeded().out();
    List<JsonObject> plugins =
        StreamSupport.stream(JsonParser.parseString(json).getAsJsonArray().spliterator(), false)
            .map(plugin -> plugin.getAsJsonObject())
            .filter(plugin -> plugin.get("id").getAsString().equals(id))
            .toList();
    assertThat(plugins).as(json).hasSize(1);
    return plugins.get(0);
  }
}
