package io.teleproxy.plugin.kubernetes.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.plugin.kubernetes.model.Json;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What keeps the agent from running is named, with what to do. */
final class PodStateTest {
  private static final Map<String, ?> RUNNING =
      Map.of("running", Map.of("startedAt", "2026-01-01T00:00:00Z"));

  @Test
  void aRunningPodIsUsed() {
    assertThat(state(container(RUNNING))).isEqualTo(new PodState("agent-1", "", ""));
  }

  @Test
  void aPodThatIsGoingIsNot() {
    Json pod =
        new Json(Map.of("metadata", Map.of("name", "agent-1", "deletionTimestamp", "2026-01-01")));
    assertThat(PodState.of(List.of(pod), "i")).isEqualTo(new PodState("", "", ""));
  }

  @Test
  void anImageThatCannotBePulledIsNamed() {
    PodState state =
        state(
            container(
                Map.of(
                    "waiting", Map.of("reason", "ImagePullBackOff", "message", "no such host"))));
    assertThat(state.trouble())
        .isEqualTo("the agent's image cannot be had: ImagePullBackOff: jre:17 no such host");
    assertThat(state.remedy()).contains("plugins.kubernetes.agent.image");
  }

  @Test
  void whatStartsIsNoTrouble() {
    PodState state = state(container(Map.of("waiting", Map.of("reason", "ContainerCreating"))));
    assertThat(state).isEqualTo(new PodState("", "", ""));
  }

  @Test
  void tooLittleMemoryIsNamed() {
    PodState state =
        state(
            Map.of(
                "containerStatuses",
                List.of(
                    Map.of(
                        "state",
                        Map.of("waiting", Map.of("reason", "CrashLoopBackOff")),
                        "lastState",
                        Map.of("terminated", Map.of("reason", "OOMKilled", "exitCode", 137))))));
    assertThat(state.trouble()).contains("OOMKilled, exit status 137");
    assertThat(state.remedy()).isEqualTo("Raise plugins.kubernetes.agent.memory-limit");
  }

  @Test
  void howTheAgentBeforeEndedIsNamedWhenItRunsAgain() {
    Map<String, Object> container = new HashMap<>(Map.of("state", RUNNING));
    container.put(
        "lastState", Map.of("terminated", Map.of("reason", "OOMKilled", "exitCode", 137)));
    assertThat(PodState.lastEnd(pods(Map.of("containerStatuses", List.of(container)))))
        .isEqualTo(
            "the one before ended with OOMKilled, exit status 137: Raise"
                + " plugins.kubernetes.agent.memory-limit");
    assertThat(PodState.lastEnd(pods(container(RUNNING)))).isEmpty();
  }

  @Test
  void aPodThatIsOverDoesNotRunWhateverIsSaidOfItsContainer() {
    Map<String, Object> status = new HashMap<>(container(RUNNING));
    status.put("phase", "Failed");
    status.put("reason", "DeadlineExceeded");
    assertThat(state(status).name()).isEmpty();
    assertThat(state(status).trouble()).contains("the agent's pod failed: DeadlineExceeded");
    status.put("phase", "Succeeded");
    assertThat(state(status)).isEqualTo(new PodState("", "", ""));
  }

  @Test
  void anEvictionIsNamed() {
    PodState state =
        state(Map.of("phase", "Failed", "reason", "Evicted", "message", "low on memory"));
    assertThat(state.trouble()).isEqualTo("the agent's pod failed: Evicted low on memory");
    assertThat(state.remedy()).contains("short of resources");
  }

  @Test
  void aPodThatNoNodeTakesIsNamed() {
    PodState state =
        state(
            Map.of(
                "phase",
                "Pending",
                "conditions",
                List.of(
                    Map.of(
                        "type", "PodScheduled", "status", "False", "message", "0/3 nodes fit"))));
    assertThat(state.trouble()).isEqualTo("no node takes the agent's pod: 0/3 nodes fit");
  }

  private static Map<String, ?> container(Map<String, ?> state) {
    return Map.of("containerStatuses", List.of(Map.of("state", state)));
  }

  private static PodState state(Map<String, ?> status) {
    return PodState.of(pods(status), "jre:17");
  }

  private static List<Json> pods(Map<String, ?> status) {
    return List.of(new Json(Map.of("metadata", Map.of("name", "agent-1"), "status", status)));
  }
}
