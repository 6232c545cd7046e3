package io.teleproxy.app;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.teleproxy.spi.Finding;

/**
 * The steps of an explanation: each is {@code ok}, {@code broken} with a remedy, or {@code note}
 * where the way leads past us. Confined to one thread.
 */
final class Steps {
  private final JsonArray all = new JsonArray();
  private String broken = "";

  JsonArray json() {
    return all;
  }

  /** The first step that is broken; empty while none is. */
  String broken() {
    return broken;
  }

  boolean isBroken() {
    return !broken.isEmpty();
  }

  void ok(String step, String found) {
    add(step, "ok", found, "");
  }

  void ok(String step, String found, double millis) {
    add(step, "ok", found, "").addProperty("millis", millis);
  }

  void note(String step, String found) {
    add(step, "note", found, "");
  }

  void broken(String step, String found, String remedy) {
    add(step, "broken", found, remedy);
    broken = broken.isEmpty() ? step : broken;
  }

  void add(Finding finding) {
    switch (finding.verdict()) {
      case OK -> ok(finding.check(), finding.found());
      case NOTE -> add(finding.check(), "note", finding.found(), finding.remedy());
      case BAD -> broken(finding.check(), finding.found(), finding.remedy());
    }
  }

  private JsonObject add(String step, String state, String found, String remedy) {
    JsonObject json = new JsonObject();
    json.addProperty("step", step);
    json.addProperty("state", state);
    json.addProperty("found", found);
    json.addProperty("remedy", remedy);
    all.add(json);
    return json;
  }
}
