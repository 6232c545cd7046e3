package io.teleproxy.plugin.kubernetes.agent;

import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;

/**
 * How the agent is.
 *
 * @param only whether connections have no other way
 */
public record AgentHealth(State state, String reason, String remedy, boolean only) {
  /** From nothing to something. */
  public enum State {
    STARTING,
    READY,
    TROUBLE
  }

  public static AgentHealth starting(String reason, boolean only) {
    return new AgentHealth(State.STARTING, reason, "", only);
  }

  /** What this means for the tunnel, whose API server answers. */
  public Health health() {
    return switch (state) {
      case READY -> ready(reason);
      case STARTING ->
          only ? Health.starting(reason) : ready("connections go by port-forward: " + reason);
      case TROUBLE ->
          (only
                  ? Health.failed(reason, remedy)
                  : Health.degraded(
                      "connections go by port-forward, UDP does not: " + reason, remedy))
              .because(cause());
    };
  }

  /** The agent's own, as a component besides the tunnel. */
  public Health own() {
    return switch (state) {
      case READY -> ready(reason);
      case STARTING -> Health.starting(reason);
      case TROUBLE -> Health.failed(reason, remedy).because(cause());
    };
  }

  private Cause cause() {
    if (reason.contains("image")) {
      return Cause.AGENT_IMAGE_MISSING;
    }
    return remedy.contains("kind: Role") ? Cause.PERMISSION_MISSING : Cause.AGENT_UNAVAILABLE;
  }

  private static Health ready(String reason) {
    return new Health(Health.State.READY, java.time.Instant.now(), reason, "");
  }
}
