package io.teleproxy.plugin.kubernetes.agent;

import io.teleproxy.spi.Environment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Whose agent it is: one user on one machine has one, and no other has the same.
 *
 * @param machine an id of it, or its name
 */
public record AgentOwner(String user, String machine) {
  /** Of the user on whose behalf we run. */
  public static AgentOwner of(Environment environment) {
    Map<String, String> variables = environment.variables();
    String user = variables.getOrDefault("USER", variables.getOrDefault("LOGNAME", ""));
    for (String file : new String[] {"/etc/machine-id", "/proc/sys/kernel/hostname"}) {
      try {
        String text = Files.readString(Path.of(file)).strip();
        if (!text.isEmpty()) {
          return new AgentOwner(user, text);
        }
      } catch (IOException e) {
        // then the next
      }
    }
    return new AgentOwner(user, variables.getOrDefault("HOSTNAME", ""));
  }
}
