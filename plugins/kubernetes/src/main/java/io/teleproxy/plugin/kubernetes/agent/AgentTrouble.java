package io.teleproxy.plugin.kubernetes.agent;

import java.io.Serial;

/** Why there is no agent. The message is one line; the remedy may have several. */
final class AgentTrouble extends Exception {
  @Serial private static final long serialVersionUID = 1;

  private final String remedy;

  AgentTrouble(String reason, String remedy) {
    super(reason);
    this.remedy = remedy;
  }

  String reason() {
    return String.valueOf(getMessage());
  }

  String remedy() {
    return remedy;
  }
}
