package io.teleproxy.api;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/**
 * The page at http://teleproxy/ with what belongs to it: files of the product, read when asked for.
 */
final class Page {
  private static final Map<String, String> TYPES =
      Map.of(
          "index.html", "text/html; charset=utf-8",
          "page.css", "text/css; charset=utf-8",
          "page.js", "text/javascript; charset=utf-8",
          "icon.svg", "image/svg+xml");

  private Page() {}

  /**
   * The file at a path.
   *
   * @param path without slash at the end; empty for the page itself
   */
  static Optional<Reply> at(String path) {
    String name = path.isEmpty() ? "index.html" : path.substring(1);
    String type = TYPES.get(name);
    if (type == null) {
      return Optional.empty();
    }
    try (InputStream file = Page.class.getResourceAsStream("page/" + name)) {
      return file == null
          ? Optional.empty()
          : Optional.of(Reply.text(type, new String(file.readAllBytes(), StandardCharsets.UTF_8)));
    } catch (IOException e) {
      return Optional.of(Reply.error(500, "the page cannot be read: " + e.getMessage()));
    }
  }
}
