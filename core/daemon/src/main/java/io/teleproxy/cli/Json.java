package io.teleproxy.cli;

import com.google.gson.FormattingStyle;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.Strictness;
import com.google.gson.internal.Streams;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;

/** JSON for people: indented, with a line end after it. */
final class Json {
  private Json() {}

  /** A field as text; empty if it is missing. */
  static String text(JsonObject json, String field) {
    JsonElement value = json.get(field);
    return value == null || !value.isJsonPrimitive() ? "" : value.getAsString();
  }

  static JsonArray texts(List<String> texts) {
    JsonArray array = new JsonArray();
    texts.forEach(array::add);
    return array;
  }

  static String text(JsonElement json) {
    StringWriter text = new StringWriter();
    try (JsonWriter writer = new JsonWriter(text)) {
      writer.setFormattingStyle(FormattingStyle.PRETTY);
      writer.setStrictness(Strictness.LENIENT);
      Streams.write(json, writer);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text + "\n";
  }
}
