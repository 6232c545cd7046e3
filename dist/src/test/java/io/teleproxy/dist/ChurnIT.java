package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Names and rules never disagree, whatever comes and goes. */
@InCluster
class ChurnIT {
  private static final int SERVICES = 20;
  private static final int ROUNDS = 5;

  @Test
  void noNameIsToldWhoseAddressIsNotIntercepted(Cluster cluster) throws Exception {
    try (Product product = cluster.run();
        Cluster.Space space = cluster.space()) {
      List<String> names = new ArrayList<>();
      for (int i = 0; i < SERVICES; i++) {
        names.add("churn-" + i + "." + space.name() + ".svc.cluster.local");
      }
      Process probe = probe(cluster, names);
      try (BufferedReader said =
          new BufferedReader(
              new InputStreamReader(probe.getInputStream(), StandardCharsets.UTF_8))) {
        assertThat(said.readLine()).isEqualTo("begun");
        for (int round = 0; round < ROUNDS; round++) {
          space.apply(manifest());
          space.kubectl("delete", "service", "--selector=churn=yes");
        }
        probe.getOutputStream().write('\n');
        probe.getOutputStream().flush();

        List<String> lines = said.lines().toList();
        System.out.println(lines);
        assertThat(lines).hasSize(1);
        assertThat(lines.get(0)).matches("answers=[1-9][0-9]* wrong=0");
        assertThat(probe.waitFor(30, TimeUnit.SECONDS)).isTrue();
      } finally {
        probe.destroyForcibly();
      }
    }
  }

  private static Process probe(Cluster cluster, List<String> names) throws IOException {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Path classes = Path.of("target", "test-classes").toAbsolutePath();
    List<String> command =
        new ArrayList<>(
            List.of("ip", "netns", "exec", cluster.laptop().name(), java.toString(), "-Xmx64m"));
    command.addAll(List.of("-cp", classes.toString(), ChurnProbe.class.getName()));
    command.addAll(names);
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  private static String manifest() {
    StringBuilder yaml = new StringBuilder();
    for (int i = 0; i < SERVICES; i++) {
      yaml.append(
          """
          ---
          apiVersion: v1
          kind: Service
          metadata: {name: churn-%d, labels: {churn: "yes"}}
          spec: {ports: [{port: 80}]}
          """
              .formatted(i));
    }
    return yaml.toString();
  }
}
