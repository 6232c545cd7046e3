package io.teleproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.Cause;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class CausesTest {
  @Test
  void everyCauseHasItsSectionAndEverySectionItsCause() throws IOException {
    List<String> sections =
        Files.readAllLines(Path.of("../../docs/troubleshooting.md")).stream()
            .filter(line -> line.startsWith("## "))
            .map(line -> "docs/troubleshooting.md#" + line.substring(3))
            .toList();

    assertThat(sections)
        .containsExactlyInAnyOrderElementsOf(
            List.of(Cause.values()).stream()
                .filter(cause -> cause != Cause.NONE)
                .map(Cause::anchor)
                .toList());
  }

  @Test
  void aCauseOfANewerVersionIsUnknown() {
    assertThat(Cause.of("something-new")).isEqualTo(Cause.UNKNOWN);
    assertThat(Cause.of(Cause.BRIDGE_GONE.id())).isEqualTo(Cause.BRIDGE_GONE);
  }
}
