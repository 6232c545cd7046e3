package io.teleproxy.plugin.docker;

import io.teleproxy.spi.Environment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Where engines may listen.
 *
 * @param candidates paths of sockets, those first that are asked first
 */
record EngineSockets(List<Path> candidates) {
  private static final String UNIX = "unix://";

  EngineSockets {
    candidates = List.copyOf(candidates);
  }

  /**
   * A socket that is there.
   *
   * @param path without symbolic links
   * @param usable whether we may connect to it
   * @param group that it belongs to
   * @param rootless whether the engine is a user's: the addresses of its containers are then those
   *     of a network of its own, which this machine does not reach
   */
  record Found(Path path, boolean usable, String group, boolean rootless) {}

  /** Those that {@code plugins.docker.sockets} names, else the usual ones. */
  static EngineSockets of(Environment environment) {
    List<String> configured = environment.settings().strings("sockets");
    return new EngineSockets(
        (configured.isEmpty() ? usual(environment.variables()) : configured)
            .stream().map(text -> Path.of(without(UNIX, text))).toList());
  }

  private static List<String> usual(Map<String, String> variables) {
    List<String> usual = new ArrayList<>();
    String named = variables.getOrDefault("DOCKER_HOST", "");
    // Other engines than those of this machine (tcp, ssh) have no containers here.
    if (named.startsWith(UNIX)) {
      usual.add(named);
    }
    usual.add("/var/run/docker.sock");
    usual.add("/run/podman/podman.sock");
    String runtime = variables.getOrDefault("XDG_RUNTIME_DIR", "");
    if (!runtime.isEmpty()) {
      usual.add(runtime + "/docker.sock");
      usual.add(runtime + "/podman/podman.sock");
    }
    return usual;
  }

  private static String without(String prefix, String text) {
    return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
  }

  /** Those that are there now, each once, whatever links lead to it. Costs a few stats. */
  List<Found> look() {
    List<Found> found = new ArrayList<>();
    List<Path> seen = new ArrayList<>();
    for (Path candidate : candidates) {
      if (!Files.exists(candidate)) {
        continue;
      }
      try {
        Path path = candidate.toRealPath();
        if (!seen.contains(path)) {
          seen.add(path);
          found.add(look(path));
        }
      } catch (IOException e) {
        // Gone while we looked.
      }
    }
    return found;
  }

  private static Found look(Path path) throws IOException {
    Map<String, Object> owner = Files.readAttributes(path, "unix:uid,group");
    return new Found(
        path,
        Files.isReadable(path) && Files.isWritable(path),
        String.valueOf(owner.get("group")),
        !Integer.valueOf(0).equals(owner.get("uid")));
  }
}
