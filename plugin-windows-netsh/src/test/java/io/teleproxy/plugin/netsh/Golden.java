package io.teleproxy.plugin.netsh;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** Texts that were read and approved by people: src/test/resources/golden. */
final class Golden {
  private Golden() {}

  static String file(String name) throws IOException {
    try (InputStream stream = Golden.class.getResourceAsStream("/golden/" + name)) {
      return stream == null
          ? "(no file " + name + ")"
          : new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
