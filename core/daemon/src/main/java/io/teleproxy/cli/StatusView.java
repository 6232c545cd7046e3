package io.teleproxy.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The status as people read it: facts first, then one line per component. */
final class StatusView {
  private static final String COMPONENTS = "components";

  private StatusView() {}

  static String text(JsonElement status) {
    if (!(status instanceof JsonObject object)) {
      return Json.text(status);
    }
    List<List<String>> facts = new ArrayList<>();
    for (Map.Entry<String, JsonElement> entry : object.entrySet()) {
      if (!entry.getKey().equals(COMPONENTS)) {
        facts.add(List.of(entry.getKey() + ":", inline(entry.getValue())));
      }
    }
    List<List<String>> components = new ArrayList<>();
    components.add(List.of("COMPONENT", "STATE", "SINCE", "REASON"));
    if (object.get(COMPONENTS) instanceof JsonArray array) {
      for (JsonElement element : array) {
        if (element instanceof JsonObject component) {
          components.add(row(component));
        }
      }
    }
    return Columns.text(facts) + (components.size() > 1 ? "\n" + Columns.text(components) : "");
  }

  private static List<String> row(JsonObject component) {
    String reason = inline(component.get("reason"));
    String remedy = inline(component.get("remedy"));
    String details = inline(component.get("details"));
    if (!details.isEmpty()) {
      reason = (reason + " [" + details + "]").strip();
    }
    return List.of(
        inline(component.get("name")),
        inline(component.get("state")),
        inline(component.get("since")),
        remedy.isEmpty() ? reason : reason + ". " + remedy);
  }

  /** A value in one line: {@code a b} for a list, {@code key=value key=value} for an object. */
  private static String inline(JsonElement value) {
    if (value == null || value instanceof JsonNull) {
      return "";
    }
    if (value.isJsonPrimitive()) {
      return value.getAsString();
    }
    List<String> parts = new ArrayList<>();
    if (value instanceof JsonArray array) {
      array.forEach(element -> parts.add(inline(element)));
    } else {
      value
          .getAsJsonObject()
          .entrySet()
          .forEach(entry -> parts.add(entry.getKey() + "=" + inline(entry.getValue())));
    }
    return String.join(" ", parts);
  }
}
