package io.teleproxy.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.teleproxy.plugin.PluginReport;
import io.teleproxy.spi.Probe;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Plugins as people and programs read them. */
final class PluginsView {
  private PluginsView() {}

  static String text(List<PluginReport> plugins) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("ID", "VERSION", "SOURCE", "EXTENSIONS", "STATE", "PROBE"));
    for (PluginReport plugin : plugins) {
      List<String> points =
          plugin.extensions().stream().map(PluginReport.Extension::point).toList();
      rows.add(
          List.of(
              plugin.id(),
              orDash(plugin.version()),
              plugin.source().toString(),
              orDash(String.join(",", points)),
              state(plugin),
              probe(plugin)));
    }
    return Columns.text(rows);
  }

  static JsonArray json(List<PluginReport> plugins) {
    JsonArray array = new JsonArray();
    for (PluginReport plugin : plugins) {
      JsonObject json = new JsonObject();
      json.addProperty("id", plugin.id());
      json.addProperty("version", plugin.version());
      json.addProperty("source", plugin.source().toString());
      json.addProperty("path", plugin.path());
      json.addProperty("state", state(plugin));
      json.addProperty("reason", plugin.reason());
      json.addProperty("remedy", plugin.remedy());
      JsonArray extensions = new JsonArray();
      for (PluginReport.Extension extension : plugin.extensions()) {
        extensions.add(json(extension));
      }
      json.add("extensions", extensions);
      array.add(json);
    }
    return array;
  }

  private static JsonObject json(PluginReport.Extension extension) {
    JsonObject json = new JsonObject();
    json.addProperty("point", extension.point());
    if (extension.probe() instanceof Probe.Applicable found) {
      json.addProperty("applicable", true);
      json.addProperty("priority", found.priority());
      json.addProperty("detail", found.detail());
    } else if (extension.probe() instanceof Probe.NotApplicable not) {
      json.addProperty("applicable", false);
      json.addProperty("reason", not.reason());
      json.addProperty("remedy", not.remedy());
    }
    return json;
  }

  private static String probe(PluginReport plugin) {
    return switch (plugin.state()) {
      case LOADED -> probes(plugin);
      case OTHER_OS -> "not applicable: " + plugin.reason();
      case DISABLED, FAILED ->
          sentence(plugin.reason(), plugin.remedy()) + " [" + plugin.path() + "]";
    };
  }

  /** The answers of a plugin's extensions; said once where they agree. */
  private static String probes(PluginReport plugin) {
    Map<String, List<String>> pointsByAnswer = new LinkedHashMap<>();
    for (PluginReport.Extension extension : plugin.extensions()) {
      pointsByAnswer
          .computeIfAbsent(answer(extension.probe()), answer -> new ArrayList<>())
          .add(extension.point());
    }
    if (pointsByAnswer.size() == 1) {
      return pointsByAnswer.keySet().iterator().next();
    }
    List<String> parts = new ArrayList<>();
    pointsByAnswer.forEach((answer, points) -> parts.add(String.join(",", points) + ": " + answer));
    return String.join("; ", parts);
  }

  private static String answer(Probe probe) {
    if (probe instanceof Probe.NotApplicable not) {
      return "not applicable: " + sentence(not.reason(), not.remedy());
    }
    String detail = ((Probe.Applicable) probe).detail();
    return detail.isEmpty() ? "applicable" : "applicable: " + detail;
  }

  private static String sentence(String reason, String remedy) {
    return remedy.isEmpty() ? reason : reason + ". " + remedy;
  }

  private static String state(PluginReport plugin) {
    return plugin.state().name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static String orDash(String text) {
    return text.isEmpty() ? "-" : text;
  }
}
