package io.teleproxy.tables;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads fields of JSON, and gathers the mistakes in them, to be told all at once. */
final class JsonProblems {
  private final List<String> lines = new ArrayList<>();

  void add(String line) {
    lines.add(line);
  }

  int size() {
    return lines.size();
  }

  void collect(String where, Runnable step) {
    try {
      step.run();
    } catch (IllegalArgumentException e) {
      add(where + e.getMessage());
    }
  }

  void unknownFields(String where, JsonObject json, Set<String> known) {
    for (String field : json.keySet()) {
      if (!known.contains(field)) {
        add(
            where
                + "."
                + field
                + ": unknown field (expected: one of "
                + String.join(", ", known.stream().sorted().toList())
                + ")");
      }
    }
  }

  void throwIfAny() {
    if (!lines.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", lines));
    }
  }

  String text(String where, JsonObject json, String field, @Nullable String otherwise) {
    JsonElement value = json.get(field);
    if (value == null) {
      if (otherwise == null) {
        add(where + "." + field + ": missing");
        return "";
      }
      return otherwise;
    }
    if (value.isJsonPrimitive() && !value.getAsJsonPrimitive().isBoolean()) {
      return value.getAsString();
    }
    add(where + "." + field + ": " + value + " (expected: a string)");
    return "";
  }

  List<String> strings(String where, @Nullable JsonElement element) {
    if (element == null) {
      return new ArrayList<>();
    }
    List<String> strings = new ArrayList<>();
    if (!element.isJsonArray()) {
      add(where + ": expected: an array of strings");
      return strings;
    }
    for (JsonElement each : element.getAsJsonArray()) {
      if (each.isJsonPrimitive() && each.getAsJsonPrimitive().isString()) {
        strings.add(each.getAsString());
      } else {
        add(where + "[" + strings.size() + "]: " + each + " (expected: a string)");
      }
    }
    return strings;
  }

  boolean flag(String where, JsonObject json, String field, boolean otherwise) {
    JsonElement flag = json.get(field);
    if (flag == null) {
      return otherwise;
    }
    if (flag.isJsonPrimitive() && flag.getAsJsonPrimitive().isBoolean()) {
      return flag.getAsBoolean();
    }
    add(where + "." + field + ": " + flag + " (expected: true or false)");
    return otherwise;
  }
}
