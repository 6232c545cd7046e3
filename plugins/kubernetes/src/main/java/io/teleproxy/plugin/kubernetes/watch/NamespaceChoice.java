package io.teleproxy.plugin.kubernetes.watch;

import io.teleproxy.spi.Settings;
import io.teleproxy.spi.UserException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which namespaces' objects are taken. Others are as if they did not exist: their names are
 * answered NXDOMAIN, their addresses are not intercepted. Immutable.
 *
 * @param include only these, if there are any
 * @param exclude not these
 */
record NamespaceChoice(Set<String> include, Set<String> exclude) {
  /** RFC 1123 §2.1, as Kubernetes has it. */
  private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");

  /**
   * From {@code namespaces.included} and {@code namespaces.excluded}.
   *
   * @throws UserException naming what is no namespace, or both in and out
   */
  static NamespaceChoice of(Settings settings) {
    Set<String> include = names(settings, "namespaces.included");
    Set<String> exclude = names(settings, "namespaces.excluded");
    Set<String> both = new HashSet<>(include);
    both.retainAll(exclude);
    if (!both.isEmpty()) {
      throw new UserException(
          "plugins.kubernetes.namespaces: '"
              + String.join("', '", both)
              + "' is both included and excluded",
          "Take it out of the one or the other.");
    }
    return new NamespaceChoice(include, exclude);
  }

  /**
   * Whether an object is taken.
   *
   * @param key {@code namespace/name}; with an empty namespace for those that have none
   */
  boolean takes(String key) {
    String namespace = key.substring(0, key.indexOf('/'));
    return namespace.isEmpty()
        || ((include.isEmpty() || include.contains(namespace)) && !exclude.contains(namespace));
  }

  private static Set<String> names(Settings settings, String path) {
    List<String> names = settings.strings(path);
    for (String name : names) {
      if (!NAME.matcher(name).matches()) {
        throw new UserException(
            "plugins.kubernetes." + path + ": '" + name + "' (expected: names of namespaces)",
            "Correct it and start again.");
      }
    }
    return Set.copyOf(names);
  }
}
