package io.teleproxy.plugin.kubernetes.cluster;

import io.teleproxy.spi.UserException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A mapping in a kubeconfig file that knows where it stands, for messages and relative paths.
 *
 * @param path inside the file, as in {@code users[admin].user}
 */
record Section(Map<?, ?> values, Path file, String path) {
  /** The scalar of that name as text; empty if it is absent or an empty text. */
  Optional<String> text(String key) {
    Object value = values.get(key);
    if (value instanceof Map || value instanceof List) {
      throw wrong(key, "a text");
    }
    return value == null || value.toString().isEmpty()
        ? Optional.empty()
        : Optional.of(value.toString());
  }

  boolean flag(String key) {
    return text(key).map(Boolean::parseBoolean).orElse(false);
  }

  /** The mapping of that name; empty if it is absent. */
  Optional<Section> section(String key) {
    Object value = values.get(key);
    if (value == null) {
      return Optional.empty();
    }
    if (value instanceof Map<?, ?> map) {
      return Optional.of(new Section(map, file, at(key)));
    }
    throw wrong(key, "a mapping");
  }

  /** The mappings in the list of that name; none if it is absent. */
  List<Section> sections(String key) {
    List<Section> sections = new ArrayList<>();
    for (Object element : list(key)) {
      if (!(element instanceof Map<?, ?> map)) {
        throw wrong(key, "a list of mappings");
      }
      Object name = map.get("name");
      sections.add(
          new Section(map, file, at(key) + "[" + (name == null ? sections.size() : name) + "]"));
    }
    return sections;
  }

  List<String> texts(String key) {
    List<String> texts = new ArrayList<>();
    for (Object element : list(key)) {
      texts.add(String.valueOf(element));
    }
    return texts;
  }

  /** A file that this section names; relative paths count from the kubeconfig's folder. */
  Optional<Path> file(String key) {
    return text(key).map(this::relative);
  }

  Path relative(String name) {
    Path folder = file.toAbsolutePath().getParent();
    return folder == null ? Path.of(name) : folder.resolve(name);
  }

  private List<?> list(String key) {
    Object value = values.get(key);
    if (value == null) {
      return List.of();
    }
    if (value instanceof List<?> list) {
      return list;
    }
    throw wrong(key, "a list");
  }

  UserException wrong(String key, String expected) {
    @Nullable Object value = values.get(key);
    return new UserException(
        "kubeconfig " + file + ": " + at(key) + " is wrong (expected: " + expected + ")",
        "Correct it" + (value == null ? "." : "; `kubectl config view` must show it."));
  }

  private String at(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }
}
