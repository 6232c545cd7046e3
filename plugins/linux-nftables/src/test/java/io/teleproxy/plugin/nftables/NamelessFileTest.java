package io.teleproxy.plugin.nftables;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class NamelessFileTest {
  @Test
  void anotherProcessReadsItAndNoFolderHasIt() throws IOException, InterruptedException {
    Path path;
    try (NamelessFile file = NamelessFile.of(List.of("one", "two"))) {
      path = file.path();
      assertThat(ShortCommand.output(List.of("cat", path.toString()))).isEqualTo("one\ntwo\n");
      assertThat(Files.readSymbolicLink(path).toString()).endsWith(" (deleted)");
    }
    assertThat(path).doesNotExist();
  }
}
