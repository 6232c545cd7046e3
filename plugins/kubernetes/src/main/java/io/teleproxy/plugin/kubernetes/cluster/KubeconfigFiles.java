package io.teleproxy.plugin.kubernetes.cluster;

import io.teleproxy.spi.Environment;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Which kubeconfig files count, in the order in which they are merged.
 *
 * @param paths not empty; some may not exist
 * @param origin who named them, for messages: the setting, {@code KUBECONFIG}, or empty for the
 *     place where kubectl looks on its own
 */
public record KubeconfigFiles(List<Path> paths, String origin) {
  public KubeconfigFiles {
    paths = List.copyOf(paths);
  }

  /**
   * As kubectl finds them: the setting, else KUBECONFIG, else {@code ~/.kube/config}. Never where
   * the process itself runs in a cluster.
   */
  public static KubeconfigFiles of(Environment environment) {
    String home = environment.variables().getOrDefault("HOME", "");
    if (home.isEmpty()) {
      home = environment.variables().getOrDefault("USERPROFILE", "");
    }
    String setting = environment.settings().string("kubeconfig", "");
    if (!setting.isEmpty()) {
      return new KubeconfigFiles(
          split(setting, home), "--kubeconfig, or plugins.kubernetes.kubeconfig in a file");
    }
    String variable = environment.variables().getOrDefault("KUBECONFIG", "");
    if (!variable.isEmpty()) {
      return new KubeconfigFiles(split(variable, home), "KUBECONFIG");
    }
    return new KubeconfigFiles(List.of(Path.of(home, ".kube", "config")), "");
  }

  /** Whether the user named files, by setting or variable. */
  public boolean configured() {
    return !origin.isEmpty();
  }

  /** Whether at least one of them is there. */
  public boolean found() {
    for (Path path : paths) {
      if (Files.exists(path)) {
        return true;
      }
    }
    return false;
  }

  private static List<Path> split(String list, String home) {
    List<Path> paths = new ArrayList<>();
    for (String part : list.split(File.pathSeparator)) {
      if (!part.isBlank()) {
        paths.add(part.startsWith("~/") ? Path.of(home, part.substring(2)) : Path.of(part));
      }
    }
    return paths;
  }
}
