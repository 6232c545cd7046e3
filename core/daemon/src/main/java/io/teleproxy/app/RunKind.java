package io.teleproxy.app;

import io.teleproxy.config.Configuration;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.TreeSet;

/**
 * What a run is made of: the product's jars and the settings. A bridge that outlives root's part
 * serves the next one only if that is of the same kind.
 */
final class RunKind {
  /** In what root's part answers a bridge. */
  static final String NAME = "kind";

  private RunKind() {}

  /**
   * The digest of this one.
   *
   * @param home the product's folder; of its jars it counts when they were put there (their inodes'
   *     times), not what is in them
   * @return a digest, from which no setting can be read
   */
  static String of(Configuration configuration, Path home) {
    TreeSet<String> parts = new TreeSet<>();
    for (String folder : new String[] {"lib", "plugins"}) {
      try (DirectoryStream<Path> jars = Files.newDirectoryStream(home.resolve(folder), "*.jar")) {
        for (Path jar : jars) {
          parts.add(jar + " " + Files.getAttribute(jar, "unix:ctime"));
        }
      } catch (IOException e) {
        parts.add(folder + " " + e);
      }
    }
    parts.add(configuration.toString());
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of()
          .formatHex(digest.digest(parts.toString().getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
