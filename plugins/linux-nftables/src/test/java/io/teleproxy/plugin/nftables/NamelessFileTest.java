package io.teleproxy.plugin.nftables;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.process.ProcessRunner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class NamelessFileTest {
  @Test
  void anotherProcessReadsItAndNoFolderHasIt() throws IOException, InterruptedException {
    Path path;
    try (NamelessFile file = NamelessFile.of(List.of("one", "two"))) {
      path = file.path();
      assertThat(
              new ProcessRunner(Duration.ofSeconds(30))
                  .run(List.of("cat", path.toString()))
                  .output())
          .isEqualTo("one\ntwo\n");
      assertThat(Files.readSymbolicLink(path).toString()).endsWith(" (deleted)");
    }
    assertThat(path).doesNotExist();
  }
}
