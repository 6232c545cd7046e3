package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the project's README lets its reader type while teleproxy runs for a cluster. */
@InCluster(from = Cluster.Laptop.COLLEAGUES)
class ReadmeInClusterIT {
  /** Ends teleproxy, never ends, takes a container, or belongs to the demo. */
  private static final Pattern ELSEWHERE =
      Pattern.compile("/api/shutdown|/api/events|mycontainer\\.docker|hello\\.demo");

  @Test
  void allOfItWorks(Cluster cluster) {
    List<String> ran = new ArrayList<>();
    try (Product product = cluster.run()) {
      String parts = "[{\"name\": \"my-parts\", \"parts\": {\"some-key\": {\"records\": []}}}]";
      Http http = new Http(cluster.laptop());
      assertThat(http.post("http://teleproxy/api/tables/", parts).status()).isEqualTo(200);
      for (String block : Examples.of("README.md").in("sh")) {
        for (String command : block.contains("<<EOT") ? List.of(block) : block.lines().toList()) {
          if (command.startsWith("curl ") && !ELSEWHERE.matcher(command).find()) {
            // Of the API server anybody gets an answer, but not a kind one.
            String curl = command.contains("https://kubernetes") ? "curl -sS " : "curl -fsS ";
            Command.Result result =
                cluster.laptop().command("sh", "-ec", command.replace("curl ", curl)).run();
            assertThat(result.exit()).as("%s", result).isZero();
            ran.add(command.lines().findFirst().orElseThrow() + ": " + result.out());
          }
        }
      }
      assertThat(ran).hasSizeGreaterThan(10);
      assertThat(String.join("\n", ran)).contains("hello-from-web", "hello-from-shop");
      assertThat(product.stop()).isZero();
    }
  }

  /** Whoever copies them has them accepted; what they are good for, AgentIT tells. */
  @Test
  void theRolesAreRoles(Cluster cluster) {
    for (String file : List.of("plugins/kubernetes/README.md", "docs/tunnel.md")) {
      for (String manifest : Examples.of(file).in("yaml")) {
        assertThat(cluster.tried(manifest).succeeded().out()).contains("created (server dry run)");
      }
    }
  }
}
