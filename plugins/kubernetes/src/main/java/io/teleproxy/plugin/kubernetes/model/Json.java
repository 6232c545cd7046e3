package io.teleproxy.plugin.kubernetes.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A JSON object whose absent fields are empty, as Kubernetes means it.
 *
 * @param values texts, numbers, booleans, maps and lists
 */
public record Json(Map<String, ?> values) {
  /** The object without fields. */
  public static final Json NOTHING = new Json(Map.of());

  public String text(String name) {
    Object value = values.get(name);
    return value == null ? "" : value.toString();
  }

  public int number(String name) {
    return values.get(name) instanceof Number number ? number.intValue() : 0;
  }

  /** The boolean of that name, or what it means if it is absent. */
  public boolean flag(String name, boolean absent) {
    return values.get(name) instanceof Boolean flag ? flag : absent;
  }

  public Json object(String name) {
    return of(values.get(name));
  }

  public List<Json> objects(String name) {
    List<Json> objects = new ArrayList<>();
    for (Object element : list(name)) {
      objects.add(of(element));
    }
    return objects;
  }

  public List<String> texts(String name) {
    List<String> texts = new ArrayList<>();
    for (Object element : list(name)) {
      texts.add(String.valueOf(element));
    }
    return texts;
  }

  private List<?> list(String name) {
    return values.get(name) instanceof List<?> list ? list : List.of();
  }

  @SuppressWarnings("unchecked") // JSON and YAML parsers make maps with text keys only
  private static Json of(@org.jspecify.annotations.Nullable Object value) {
    return value instanceof Map<?, ?> map ? new Json((Map<String, ?>) map) : NOTHING;
  }
}
