package io.teleproxy.api;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

/**
 * What the API answers.
 *
 * @param status HTTP status code
 * @param type media type of the body
 */
record Reply(int status, String type, String body) {
  static Reply ok(JsonElement body) {
    return json(200, body);
  }

  static Reply text(String type, String body) {
    return new Reply(200, type, body);
  }

  /** An error in the form that all errors of the API have: {@code {"error": "..."}}. */
  static Reply error(int status, String message) {
    JsonObject body = new JsonObject();
    body.addProperty("error", message);
    return json(status, body);
  }

  private static Reply json(int status, JsonElement body) {
    return new Reply(status, "application/json", body + "\n");
  }
}
