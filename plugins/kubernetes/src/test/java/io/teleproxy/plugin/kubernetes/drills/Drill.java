package io.teleproxy.plugin.kubernetes.drills;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One breakage of a table of them: {@code key: value} lines, and a blank line behind each. */
record Drill(Map<String, String> values) {
  /** Reads a table; a line that begins with blanks goes on with the value before. */
  static List<Drill> table(Path file) throws IOException {
    List<Drill> drills = new ArrayList<>();
    for (String block : Files.readString(file).split("\n\n+")) {
      Map<String, String> values = new LinkedHashMap<>();
      String key = "";
      for (String line : block.split("\n")) {
        if (line.startsWith("#") || line.isBlank()) {
          continue;
        }
        if (line.startsWith("  ")) {
          values.merge(key, line.substring(2), (some, more) -> some + "\n" + more);
          continue;
        }
        int colon = line.indexOf(": ");
        key = line.substring(0, colon);
        values.put(key, line.substring(colon + 2));
      }
      if (!values.isEmpty()) {
        drills.add(new Drill(values));
      }
    }
    return drills;
  }

  String get(String key, String otherwise) {
    return values.getOrDefault(key, otherwise);
  }

  @Override
  public String toString() {
    return get("drill", "");
  }
}
