package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The kubeconfig changes while it runs. */
@InCluster
class KubeconfigIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @Test
  void whatItSaysIsFollowedAndWhatItCannotMeanIsNot(Cluster cluster) throws IOException {
    Product.User user = Product.user(cluster.laptop());
    String original = Files.readString(cluster.kubeconfig());
    String inShop =
        original.replaceFirst("context: \\{cluster", "context: {namespace: shop, cluster");
    assertThat(inShop).isNotEqualTo(original);
    Path kubeconfig = user.write("kubeconfig", original);
    try (Product product = user.start("run", "--kubeconfig", kubeconfig.toString())) {
      product.awaitReady();
      Http http = new Http(cluster.laptop());
      assertThat(http.get("http://web/").body()).isEqualTo("hello-from-web");

      // As kubectl writes it: a new file in its place.
      Path next = user.write("kubeconfig.new", inShop);
      Files.move(next, kubeconfig, StandardCopyOption.REPLACE_EXISTING);
      await()
          .atMost(PATIENCE)
          .until(() -> http.curl("http://web/").out().contains("hello-from-shop"));

      Files.writeString(kubeconfig, "clusters: [ {");
      await()
          .atMost(PATIENCE)
          .until(() -> user.execute("status").out().contains("the context lab stays in use"));
      assertThat(http.get("http://web/").body()).isEqualTo("hello-from-shop");

      Files.writeString(kubeconfig, original);
      product.signal("HUP");
      await()
          .atMost(PATIENCE)
          .until(() -> http.curl("http://web/").out().contains("hello-from-web"));
      assertThat(product.stderr()).contains("SIGHUP");
      assertThat(user.execute("status").out()).doesNotContain("stays in use");
      assertThat(product.stop()).as("%s", product).isZero();
    }
  }
}
