package io.teleproxy.plugin.kubernetes.agent;

import io.teleproxy.spi.Environment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Whose agent it is: one user on one machine has one, and no other has the same.
 *
 * @param machine its id and its name: copies of a virtual machine have the same id, or an image has
 *     one for all containers
 */
public record AgentOwner(String user, String machine) {
  /** Of the user on whose behalf we run. */
  public static AgentOwner of(Environment environment) {
    return of(environment, Path.of("/"));
  }

  static AgentOwner of(Environment environment, Path root) {
    Map<String, String> variables = environment.variables();
    String user = variables.getOrDefault("USER", variables.getOrDefault("LOGNAME", ""));
    String name = text(root.resolve("proc/sys/kernel/hostname"));
    return new AgentOwner(
        user,
        text(root.resolve("etc/machine-id"))
            + (name.isEmpty() ? variables.getOrDefault("HOSTNAME", "") : " " + name));
  }

  /** Empty if it cannot be read. */
  private static String text(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      return "";
    }
  }
}
