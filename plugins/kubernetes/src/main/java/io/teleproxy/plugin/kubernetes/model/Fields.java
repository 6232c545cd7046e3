package io.teleproxy.plugin.kubernetes.model;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which fields of a JSON object are wanted: a tree of names. What is not in it is skipped by the
 * reader without being built. Elements of arrays count as their array.
 */
public final class Fields {
  private final Map<String, Fields> children = new HashMap<>();

  private Fields() {}

  /**
   * The fields at these paths, with dots between names, {@code spec.ports.name}, and two dots for
   * one in a name.
   */
  public static Fields of(String... paths) {
    Fields root = new Fields();
    for (String path : paths) {
      Fields at = root;
      for (String name : path.replace("..", "\0").split("\\.")) {
        at = at.children.computeIfAbsent(name.replace('\0', '.'), key -> new Fields());
      }
    }
    return root;
  }

  /** The fields of a watch event around an object with any of these fields. */
  public static Fields event(Fields object, Fields more) {
    Fields merged = new Fields();
    merged.add(object);
    merged.add(more);
    Fields event = of("type");
    event.children.put("object", merged);
    return event;
  }

  private void add(Fields other) {
    other.children.forEach(
        (name, theirs) -> children.computeIfAbsent(name, key -> new Fields()).add(theirs));
  }

  /** What is wanted of the field of that name; null if nothing. */
  public @Nullable Fields child(String name) {
    return children.get(name);
  }
}
