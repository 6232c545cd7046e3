package io.teleproxy.plugin;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;

/** A list of file names and SHA-256 sums as sha256sum(1) writes it. */
final class Checksums {
  static final String FILE = "SHA256SUMS";

  private static final int HEX_DIGITS = 64;

  private final Map<String, String> sums;

  private Checksums(Map<String, String> sums) {
    this.sums = sums;
  }

  static Checksums read(Path file) throws IOException {
    Map<String, String> sums = new HashMap<>();
    for (String line : Files.readAllLines(file)) {
      // sum, space, ' ' or '*' for text or binary, name
      if (line.length() > HEX_DIGITS + 2) {
        sums.put(
            line.substring(HEX_DIGITS + 2), line.substring(0, HEX_DIGITS).toLowerCase(Locale.ROOT));
      }
    }
    return new Checksums(sums);
  }

  void check(Path file) throws PluginFailure {
    String expected = sums.get(String.valueOf(file.getFileName()));
    if (expected == null) {
      throw new PluginFailure(
          "it is not listed in " + FILE + " beside it",
          "Put plugins of your own into a drop-in folder (plugin-folders).");
    }
    try {
      if (!expected.equals(sum(file))) {
        throw new PluginFailure(
            "its content is not what " + FILE + " says: it was changed or damaged",
            "Install teleproxy again.");
      }
    } catch (IOException e) {
      throw new PluginFailure("it cannot be read: " + e, "Install teleproxy again.");
    }
  }

  private static String sum(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] buffer = new byte[1 << 16];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
