package io.teleproxy.journal;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A journal's text, a JSON object per line. Pure.
 *
 * <pre>
 * {"id": 1, "what": "address 127.0.0.7 on lo0", "undo": ["/sbin/ifconfig", "lo0", "-alias", "127.0.0.7"]}
 * {"id": 2, "file": "/etc/resolver/cluster.local", "before": BASE64, "modified": "2026-01-31T12:00:00Z" (both absent if new), "ours": BASE64, "folders": ["/etc/resolver"]}
 * {"undone": 1}
 * </pre>
 */
final class JournalLines {
  private JournalLines() {}

  /** The line that notes a change. */
  static String noted(int id, Undo undo) {
    JsonObject line = new JsonObject();
    line.addProperty("id", id);
    if (undo instanceof CommandUndo command) {
      line.addProperty("what", command.what());
      line.add("undo", strings(command.command()));
    } else if (undo instanceof FileUndo file) {
      line.addProperty("file", file.file().toString());
      file.before()
          .ifPresent(
              before -> {
                line.addProperty("before", base64(before.contents()));
                line.addProperty("modified", before.modified().toInstant().toString());
              });
      line.addProperty("ours", base64(file.ours()));
      line.add("folders", strings(file.folders().stream().map(Path::toString).toList()));
    }
    return line + "\n";
  }

  /** The line that strikes one out. */
  static String undone(int id) {
    JsonObject line = new JsonObject();
    line.addProperty("undone", id);
    return line + "\n";
  }

  /**
   * What is still to be undone, by its id.
   *
   * @param text as it was found. A last line without an end was not written to its end, and what it
   *     was to announce was not done
   * @throws IllegalArgumentException if it is no journal
   */
  static Map<Integer, Undo> read(String text) {
    Map<Integer, Undo> open = new TreeMap<>();
    int end = text.lastIndexOf('\n') + 1;
    for (String line : text.substring(0, end).lines().toList()) {
      try {
        JsonObject json = JsonParser.parseString(line).getAsJsonObject();
        if (json.has("undone")) {
          open.remove(json.get("undone").getAsInt());
        } else {
          open.put(json.get("id").getAsInt(), undo(json));
        }
      } catch (RuntimeException e) {
        throw new IllegalArgumentException("'" + line + "' is not a line of a journal", e);
      }
    }
    return open;
  }

  private static Undo undo(JsonObject json) {
    if (json.has("undo")) {
      return new CommandUndo(json.get("what").getAsString(), strings(json.get("undo")));
    }
    return new FileUndo(
        Path.of(json.get("file").getAsString()),
        Optional.ofNullable(json.get("before"))
            .map(
                before ->
                    new FileUndo.Before(
                        bytes(before),
                        FileTime.from(Instant.parse(json.get("modified").getAsString())))),
        bytes(json.get("ours")),
        strings(json.get("folders")).stream().map(Path::of).toList());
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static byte[] bytes(JsonElement base64) {
    return Base64.getDecoder().decode(base64.getAsString());
  }

  private static JsonArray strings(List<String> strings) {
    JsonArray array = new JsonArray();
    strings.forEach(array::add);
    return array;
  }

  private static List<String> strings(JsonElement array) {
    List<String> strings = new ArrayList<>();
    array.getAsJsonArray().forEach(element -> strings.add(element.getAsString()));
    return strings;
  }
}
