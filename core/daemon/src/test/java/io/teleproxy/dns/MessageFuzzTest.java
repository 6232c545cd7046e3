package io.teleproxy.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Runs the inputs that fuzzing has found to take ways of their own. */
class MessageFuzzTest {
  private static final Path CORPUS = Path.of("src/test/fuzz/messages");

  @Test
  void noInputOfTheCorpusBreaksAnything() throws IOException {
    List<Path> inputs;
    try (Stream<Path> files = Files.list(CORPUS)) {
      inputs = files.sorted().toList();
    }
    assertThat(inputs).isNotEmpty();
    for (Path input : inputs) {
      try {
        MessageFuzz.fuzzerTestOneInput(Files.readAllBytes(input));
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError(input.toString(), e);
      }
    }
  }
}
