package io.teleproxy.plugin.kubernetes.agent;

import io.teleproxy.spi.Settings;
import io.teleproxy.spi.UserException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * The plugin's settings about the way into the cluster; the README tells their meaning.
 *
 * @param namespace empty for the session's
 * @param image empty for one that the cluster has, or {@link #PUBLIC_IMAGE}
 * @param runAsUser numeric user id; 0 leaves it to the cluster, as OpenShift wants it
 */
public record AgentSettings(
    Mode mode,
    String namespace,
    String image,
    String pullPolicy,
    List<String> pullSecrets,
    List<String> command,
    int runAsUser,
    String cpuRequest,
    String cpuLimit,
    String memoryRequest,
    String memoryLimit,
    Duration idleTimeout,
    int connections,
    boolean direct) {
  /** What is pulled where nothing is named and no node has anything of use. */
  static final String PUBLIC_IMAGE = "docker.io/library/eclipse-temurin:17-jre";

  private static final List<String> PULL_POLICIES = List.of("Always", "IfNotPresent", "Never");

  /** Which way connections go. */
  public enum Mode {
    /** Through the agent as soon as it is there, by port-forwards meanwhile. */
    AUTO,
    /** Through the agent only. */
    AGENT,
    /** By port-forwards only; nothing is created in the cluster. */
    AGENTLESS
  }

  public static AgentSettings of(Settings settings) {
    List<String> command = settings.strings("agent.command");
    return new AgentSettings(
        mode(settings.string("tunnel.mode", "auto")),
        settings.string("agent.namespace", ""),
        settings.string("agent.image", ""),
        pullPolicy(settings.string("agent.pull-policy", "IfNotPresent")),
        settings.strings("agent.pull-secrets"),
        command.isEmpty() ? List.of("java") : command,
        settings.integer("agent.run-as-user", 65532),
        settings.string("agent.cpu-request", "10m"),
        settings.string("agent.cpu-limit", "1"),
        settings.string("agent.memory-request", "64Mi"),
        settings.string("agent.memory-limit", "256Mi"),
        settings.duration("agent.idle-timeout", Duration.ofMinutes(10)),
        connections(settings.integer("tunnel.connections", 4)),
        settings.bool("tunnel.direct", true));
  }

  AgentSettings withImage(String chosen) {
    return new AgentSettings(
        mode,
        namespace,
        chosen,
        pullPolicy,
        pullSecrets,
        command,
        runAsUser,
        cpuRequest,
        cpuLimit,
        memoryRequest,
        memoryLimit,
        idleTimeout,
        connections,
        direct);
  }

  private static Mode mode(String text) {
    try {
      return Mode.valueOf(text.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new UserException(
          "plugins.kubernetes.tunnel.mode: " + text + " (expected: auto, agent or agentless)",
          "Correct the configuration file.",
          e);
    }
  }

  private static String pullPolicy(String text) {
    if (!PULL_POLICIES.contains(text)) {
      throw new UserException(
          "plugins.kubernetes.agent.pull-policy: "
              + text
              + " (expected: "
              + String.join(", ", PULL_POLICIES)
              + ")",
          "Correct the configuration file.");
    }
    return text;
  }

  private static int connections(int number) {
    if (number < 1 || number > 32) {
      throw new UserException(
          "plugins.kubernetes.tunnel.connections: " + number + " (expected: 1-32)",
          "Correct the configuration file.");
    }
    return number;
  }
}
