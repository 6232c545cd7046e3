package io.teleproxy.plugin.kubernetes.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.testkit.TestEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is asked of the cluster. */
final class AgentObjectsTest {
  private static final AgentProgram PROGRAM =
      new AgentProgram(() -> List.of(new byte[] {1}, new byte[] {2}));

  @Test
  void namesTellUsersAndMachinesApart() {
    assertThat(objects("jane", "m1", Map.of()).name())
        .startsWith("teleproxy-agent-jane-")
        .isEqualTo(objects("jane", "m1", Map.of()).name())
        .isNotEqualTo(objects("jane", "m2", Map.of()).name());
    assertThat(objects("Jané.Doe@Example", "m", Map.of()).name())
        .matches("[a-z0-9]([-a-z0-9]*[a-z0-9])?");
    assertThat(objects("", "m", Map.of()).name()).matches("teleproxy-agent-[0-9a-f]{8}");
  }

  @Test
  void copiesOfAMachineAreToldApartByTheirNames(@TempDir Path root) throws IOException {
    Path id = Files.createDirectories(root.resolve("etc")).resolve("machine-id");
    Path name = Files.createDirectories(root.resolve("proc/sys/kernel")).resolve("hostname");
    TestEnvironment jane = new TestEnvironment(Map.of("USER", "jane"), Map.of());
    Files.writeString(id, "0123456789abcdef\n");
    Files.writeString(name, "one\n");
    AgentOwner first = AgentOwner.of(jane, root);
    assertThat(AgentOwner.of(jane, root)).isEqualTo(first);
    Files.writeString(name, "two\n");
    assertThat(AgentOwner.of(jane, root)).isNotEqualTo(first);
    Files.writeString(name, "one\n");
    Files.writeString(id, "fedcba9876543210\n");
    assertThat(AgentOwner.of(jane, root)).isNotEqualTo(first);
  }

  @Test
  void anotherConfigurationIsAnotherVersion() {
    String version = objects("jane", "m", Map.of()).version();
    assertThat(objects("jane", "m", Map.of()).version()).isEqualTo(version);
    assertThat(objects("jane", "m", Map.of("agent.memory-limit", "1Gi")).version())
        .isNotEqualTo(version);
  }

  @Test
  void thePodIsAdmissibleUnderTheRestrictedStandard() {
    assertThat(objects("jane", "m", Map.of()).job())
        .contains("\"parallelism\":0")
        .contains("\"runAsNonRoot\":true")
        .contains("\"seccompProfile\":{\"type\":\"RuntimeDefault\"}")
        .contains("\"allowPrivilegeEscalation\":false")
        .contains("\"capabilities\":{\"drop\":[\"ALL\"]}")
        .contains("\"automountServiceAccountToken\":false")
        .contains("\"/teleproxy/agent-0.jar:/teleproxy/agent-1.jar\"");
  }

  @Test
  void whoeverRunsThePodCanBeLeftToTheCluster() {
    assertThat(objects("jane", "m", Map.of("agent.run-as-user", "0")).job())
        .doesNotContain("runAsUser");
  }

  @Test
  void theProgramIsLetGoAndMadeAnew() {
    AtomicInteger made = new AtomicInteger();
    AgentProgram program =
        new AgentProgram(() -> List.of(new byte[] {(byte) 1}, new byte[made.incrementAndGet()]));
    Awaitility.await()
        .until(
            () -> {
              System.gc();
              return program.jars().get(1).length > 1;
            });
    assertThat(program.count()).isEqualTo(2);
  }

  @Test
  void textIsQuoted() {
    assertThat(AgentObjects.quote("a\"b\\c\nd")).isEqualTo("\"a\\\"b\\\\c\\u000ad\"");
  }

  @Test
  void knownJavaImagesOfNodesAreChosen() {
    assertThat(
            JavaImages.choose(
                List.of(
                    "docker.io/library/busybox:1",
                    "docker.io/library/eclipse-temurin:11-jre",
                    "docker.io/library/eclipse-temurin:17-jre",
                    "registry.example.com/our-java-application:17")))
        .contains("docker.io/library/eclipse-temurin:17-jre");
    assertThat(JavaImages.choose(List.of("docker.io/library/jre-tools:17"))).isEmpty();
  }

  private static AgentObjects objects(String user, String machine, Map<String, String> settings) {
    return new AgentObjects(
        AgentSettings.of(new TestEnvironment(Map.of(), settings).settings()),
        PROGRAM,
        "default",
        new AgentOwner(user, machine));
  }
}
