package io.teleproxy.plugin.pf;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The token by which we keep pf on, where the next run finds it if this one dies. Nothing else of
 * ours needs to be remembered: anchor and keys have fixed names. With it stands when the machine
 * was started, for which alone the token means anything.
 */
final class TokenFile {
  private final Path file;

  TokenFile(Path file) {
    this.file = file;
  }

  Path path() {
    return file;
  }

  /**
   * @param boot as {@link BootTime} tells it
   */
  void write(String token, String boot) throws IOException {
    Files.writeString(file, token + " " + boot + "\n");
  }

  /** The token, if it is one of this start of the machine. */
  Optional<String> read(String boot) throws IOException {
    try {
      String[] words = Files.readString(file).strip().split(" ", 2);
      boolean ours = words.length == 2 && words[0].matches("\\d+") && words[1].equals(boot);
      return ours ? Optional.of(words[0]) : Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  void delete() throws IOException {
    Files.deleteIfExists(file);
  }
}
