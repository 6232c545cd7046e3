package io.teleproxy.plugin.kubernetes.api;

import io.teleproxy.plugin.kubernetes.model.Fields;
import io.teleproxy.plugin.kubernetes.model.Json;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** Reads the API server's JSON as it arrives, and builds of it only the wanted fields. */
public final class JsonStream implements AutoCloseable {
  private static final JsonFactory FACTORY = new JsonFactory();
  private static final Fields LIST_METADATA = Fields.of("resourceVersion");

  private final InputStream body;
  private @Nullable JsonParser parser;

  public JsonStream(InputStream body) {
    this.body = body;
  }

  /** The next of several objects that follow each other; null at the end. */
  public @Nullable Json next(Fields wanted) throws IOException {
    try {
      JsonParser json = parser();
      return json.nextToken() == null ? null : new Json(object(json, wanted));
    } catch (JacksonException e) {
      throw broken(e);
    }
  }

  /**
   * Waits for the end of an answer of which all is read that is wanted: then its connection is
   * free.
   */
  public void finish() {
    try {
      while (parser().nextToken() != null) {
        // not wanted
      }
    } catch (JacksonException e) {
      // What was wanted has come.
    }
  }

  /**
   * Reads a list object, item by item.
   *
   * @return its resource version
   */
  public String list(Fields wanted, Consumer<Json> item) throws IOException {
    String version = "";
    try {
      JsonParser json = parser();
      json.nextToken();
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = json.currentName();
        JsonToken value = json.nextToken();
        if (name.equals("metadata")) {
          version = new Json(object(json, LIST_METADATA)).text("resourceVersion");
        } else if (name.equals("items") && value == JsonToken.START_ARRAY) {
          while (json.nextToken() == JsonToken.START_OBJECT) {
            item.accept(new Json(object(json, wanted)));
          }
        } else {
          json.skipChildren();
        }
      }
      if (json.currentToken() != JsonToken.END_OBJECT) {
        throw new IOException("the list ended in the middle");
      }
      finish();
    } catch (JacksonException e) {
      throw broken(e);
    }
    return version;
  }

  @Override
  public void close() throws IOException {
    body.close();
  }

  /** Made at the first reading: it waits for the first bytes, which a quiet watch sends late. */
  private JsonParser parser() {
    JsonParser known = parser;
    if (known == null) {
      known = FACTORY.createParser(ObjectReadContext.empty(), body);
      parser = known;
    }
    return known;
  }

  private static Map<String, Object> object(JsonParser json, Fields wanted) {
    Map<String, Object> values = new HashMap<>(8);
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = json.currentName();
      json.nextToken();
      Fields child = wanted.child(name);
      if (child == null) {
        json.skipChildren();
      } else {
        Object value = value(json, child);
        if (value != null) {
          values.put(name, value);
        }
      }
    }
    return values;
  }

  private static @Nullable Object value(JsonParser json, Fields wanted) {
    return switch (json.currentToken()) {
      case START_OBJECT -> object(json, wanted);
      case START_ARRAY -> array(json, wanted);
      case VALUE_STRING -> json.getString();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> json.getNumberValue();
      default -> null;
    };
  }

  private static List<Object> array(JsonParser json, Fields wanted) {
    List<Object> values = new ArrayList<>();
    while (json.nextToken() != JsonToken.END_ARRAY && json.currentToken() != null) {
      Object value = value(json, wanted);
      if (value != null) {
        values.add(value);
      }
    }
    return values;
  }

  private static IOException broken(JacksonException e) {
    return e.getCause() instanceof IOException cause
        ? cause
        : new ApiException(
            ApiException.Kind.OTHER,
            "the answer is not the JSON of the API: " + e.getOriginalMessage(),
            e);
  }
}
