package io.teleproxy.api;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

/**
 * What the API answers.
 *
 * @param status HTTP status code
 * @param body JSON
 */
record Reply(int status, JsonElement body) {
  static Reply ok(JsonElement body) {
    return new Reply(200, body);
  }

  /** An error in the form that all errors of the API have: {@code {"error": "..."}}. */
  static Reply error(int status, String message) {
    JsonObject body = new JsonObject();
    body.addProperty("error", message);
    return new Reply(status, body);
  }
}
