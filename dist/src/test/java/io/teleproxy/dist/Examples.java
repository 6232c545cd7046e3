package io.teleproxy.dist;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The blocks of code in a document, as its reader copies them. */
final class Examples {
  private final String text;

  private Examples(String text) {
    this.text = text;
  }

  /** What users and contributors read: all but decisions and examples, as paths in the project. */
  static List<String> documents() throws IOException {
    Path project = Path.of("..");
    try (Stream<Path> files = Files.walk(project, 3)) {
      return files
          .map(file -> project.relativize(file).toString())
          .filter(file -> file.endsWith(".md"))
          .filter(file -> !file.matches("(.*/)?target/.*|docs/(adr|examples)/.*"))
          .sorted()
          .toList();
    }
  }

  /** Those of a file of the project, such as {@code plugins/ssh/README.md}. */
  static Examples of(String file) {
    try {
      return new Examples(Files.readString(Path.of("..").resolve(file)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What stands from one heading, to the next of its rank, if there is one. */
  Examples under(String heading) {
    int start = text.indexOf("\n" + heading + "\n") + 1;
    if (start == 0) {
      throw new AssertionError("no heading '" + heading + "'");
    }
    String rank = heading.substring(0, heading.indexOf(' ') + 1);
    int end = text.indexOf("\n" + rank, start);
    return new Examples(text.substring(start, end < 0 ? text.length() : end));
  }

  /** The blocks of a file in these languages, in their order; perhaps none. */
  static List<String> blocks(String file, String... languages) {
    return of(file).all(List.of(languages));
  }

  /** The blocks of one language, in their order, each line with its end; at least one. */
  List<String> in(String language) {
    List<String> blocks = all(List.of(language));
    if (blocks.isEmpty()) {
      throw new AssertionError("no example in '" + language + "'");
    }
    return blocks;
  }

  private List<String> all(List<String> languages) {
    List<String> blocks = new ArrayList<>();
    StringBuilder block = new StringBuilder();
    String fence = "";
    for (String line : text.lines().toList()) {
      if (!line.startsWith("```")) {
        block.append(line).append('\n');
      } else if (fence.isEmpty()) {
        fence = line;
        block.setLength(0);
      } else {
        if (languages.contains(fence.substring(3))) {
          blocks.add(block.toString());
        }
        fence = "";
      }
    }
    return blocks;
  }
}
