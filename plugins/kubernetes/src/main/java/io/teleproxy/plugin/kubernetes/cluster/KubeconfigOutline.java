package io.teleproxy.plugin.kubernetes.cluster;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.UserException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * A kubeconfig for a bug report: contexts and clusters, and of the users which kinds of credentials
 * they have. What may be shown is listed; all else, known or not, is named without its value.
 */
public final class KubeconfigOutline {
  private static final Set<String> SHOWN =
      Set.of(
          "server",
          "tls-server-name",
          "proxy-url",
          "insecure-skip-tls-verify",
          "certificate-authority",
          "client-certificate",
          "client-key",
          "tokenFile",
          "cluster",
          "user",
          "namespace",
          "apiVersion",
          "command",
          "interactiveMode",
          "provideClusterInfo");

  private static final String NO_VALUE = "[removed]";

  private final StringBuilder text = new StringBuilder();

  private KubeconfigOutline() {}

  /** Of the files that these settings name, one after the other. */
  public static String of(Environment environment) {
    KubeconfigOutline outline = new KubeconfigOutline();
    KubeconfigFiles files = KubeconfigFiles.of(environment);
    for (Path path : files.paths()) {
      outline.text.append("# ").append(path).append('\n');
      try {
        outline.file(Kubeconfig.read(path, files));
      } catch (UserException e) {
        outline.text.append("# ").append(e.getMessage()).append('\n');
      }
    }
    return outline.text.toString();
  }

  private void file(Section document) {
    document.text("current-context").ifPresent(name -> line(0, "current-context", name));
    for (String list : List.of("contexts", "clusters", "users")) {
      text.append(list).append(":\n");
      for (Section entry : document.sections(list)) {
        line(0, "- name", entry.text("name").orElse(""));
        String kind = list.substring(0, list.length() - 1);
        entry.section(kind).ifPresent(values -> mapping(1, kind, values.values()));
      }
    }
  }

  private void mapping(int depth, String name, Map<?, ?> values) {
    text.append("  ".repeat(depth)).append(name).append(":\n");
    for (String key : new TreeSet<>(values.keySet().stream().map(String::valueOf).toList())) {
      Object value = values.get(key);
      if (key.equals("exec") && value instanceof Map<?, ?> plugin) {
        mapping(depth + 1, key, plugin);
      } else if (value instanceof Map || value instanceof List) {
        line(depth + 1, key, NO_VALUE);
      } else {
        line(depth + 1, key, SHOWN.contains(key) ? withoutUser(String.valueOf(value)) : NO_VALUE);
      }
    }
  }

  /** A URL may have a password in it, or a token behind its question mark. */
  private static String withoutUser(String value) {
    if (!value.contains("://")) {
      return value;
    }
    try {
      URI url = URI.create(value);
      return url.getScheme()
          + "://"
          + Optional.ofNullable(url.getHost()).orElse(NO_VALUE)
          + (url.getPort() < 0 ? "" : ":" + url.getPort())
          + Optional.ofNullable(url.getPath()).orElse("");
    } catch (IllegalArgumentException e) {
      return NO_VALUE;
    }
  }

  private void line(int depth, String key, String value) {
    text.append("  ".repeat(depth)).append(key).append(": ").append(value).append('\n');
  }
}
