package io.teleproxy.plugin.kubernetes.agent;

import io.teleproxy.plugin.kubernetes.model.Json;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * What the pods of the agent's Job say.
 *
 * @param name of the pod that runs; empty if none does
 * @param trouble what keeps it from running, in one line; empty if it is on its way
 * @param remedy what the user can do about it
 */
record PodState(String name, String trouble, String remedy) {
  /** Reasons of waiting that do not pass by themselves. */
  private static final Set<String> STUCK =
      Set.of(
          "ErrImagePull",
          "ImagePullBackOff",
          "ErrImageNeverPull",
          "InvalidImageName",
          "ImageInspectError",
          "RegistryUnavailable",
          "CreateContainerConfigError",
          "CreateContainerError",
          "RunContainerError",
          "CrashLoopBackOff");

  private static final String MORE_MEMORY = "Raise plugins.kubernetes.agent.memory-limit";

  static PodState of(List<Json> pods, String image) {
    Json pod =
        pods.stream()
            .filter(PodState::isToStay)
            .max(Comparator.comparing(each -> each.object("metadata").text("creationTimestamp")))
            .orElse(null);
    if (pod == null || pod.object("status").text("phase").equals("Succeeded")) {
      return new PodState("", "", "");
    }
    Json status = pod.object("status");
    // What it says of its containers may be older than its end.
    if (status.text("phase").equals("Failed")) {
      return new PodState(
          "",
          "the agent's pod failed: " + status.text("reason") + " " + status.text("message"),
          status.text("reason").equals("Evicted")
              ? "The node was short of resources; the cluster makes another pod"
              : "");
    }
    for (Json container : status.objects("containerStatuses")) {
      Json state = container.object("state");
      if (isRunning(container)) {
        return new PodState(pod.object("metadata").text("name"), "", "");
      }
      String waiting = state.object("waiting").text("reason");
      if (STUCK.contains(waiting)) {
        return stuck(waiting, state.object("waiting").text("message"), container, image);
      }
    }
    for (Json condition : status.objects("conditions")) {
      if (condition.text("type").equals("PodScheduled")
          && condition.text("status").equals("False")) {
        return new PodState(
            "",
            "no node takes the agent's pod: " + condition.text("message"),
            "Lower plugins.kubernetes.agent.cpu-request and memory-request, or name another"
                + " namespace with plugins.kubernetes.agent.namespace");
      }
    }
    return new PodState("", "", "");
  }

  /** Whether there is no pod, or only some that are over, or on their way out. */
  static boolean noneIsToStay(List<Json> pods) {
    return pods.stream().noneMatch(pod -> isToStay(pod) && !isOver(pod));
  }

  private static boolean isToStay(Json pod) {
    return pod.object("metadata").text("deletionTimestamp").isEmpty();
  }

  private static boolean isOver(Json pod) {
    String phase = pod.object("status").text("phase");
    return phase.equals("Failed") || phase.equals("Succeeded");
  }

  /** For too long nothing has come of the Job, and nobody has said why. */
  static PodState silent(boolean noPod, String namespace) {
    return new PodState(
        "",
        noPod
            ? "the cluster makes no pod of the agent's job"
            : "the agent's pod does not start, for no reason that its status tells",
        describe(namespace));
  }

  /** Where the cluster's own words about it are found. */
  static String describe(String namespace) {
    return "Look why: kubectl describe job,pod -n "
        + namespace
        + " -l app.kubernetes.io/managed-by=teleproxy";
  }

  /**
   * How the agent has ended that was there before the one that runs, and what helps, in one line;
   * empty if there was none in the same pod.
   */
  static String lastEnd(List<Json> pods) {
    return pods.stream()
        .filter(PodState::isToStay)
        .flatMap(pod -> pod.object("status").objects("containerStatuses").stream())
        .filter(PodState::isRunning)
        .map(container -> container.object("lastState").object("terminated"))
        .filter(end -> !end.text("reason").isEmpty())
        .map(end -> "the one before " + end(end) + (isOutOfMemory(end) ? ": " + MORE_MEMORY : ""))
        .findFirst()
        .orElse("");
  }

  private static PodState stuck(String reason, String message, Json container, String image) {
    if (reason.contains("Image") || reason.equals("RegistryUnavailable")) {
      return new PodState(
          "",
          "the agent's image cannot be had: " + reason + ": " + image + " " + message,
          "Name an image with a Java 17 runtime that the cluster can pull, with"
              + " plugins.kubernetes.agent.image (and pull-secrets, pull-policy)");
    }
    Json last = container.object("lastState").object("terminated");
    return new PodState(
        "",
        "the agent does not run: "
            + reason
            + " "
            + message
            + (last.text("reason").isEmpty() ? "" : " (it " + end(last) + ")"),
        isOutOfMemory(last)
            ? MORE_MEMORY
            : "plugins.kubernetes.agent.image must be a Java 17 runtime or newer, with the program"
                + " of plugins.kubernetes.agent.command in its PATH");
  }

  private static boolean isRunning(Json container) {
    return !container.object("state").object("running").text("startedAt").isEmpty();
  }

  private static String end(Json terminated) {
    return "ended with "
        + terminated.text("reason")
        + ", exit status "
        + terminated.text("exitCode");
  }

  private static boolean isOutOfMemory(Json terminated) {
    return terminated.text("reason").equals("OOMKilled");
  }
}
