package io.teleproxy.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class SpiVersionTest {
  /** Else japicmp would compare with an older one, and let through what breaks this one. */
  @Test
  void theKeptSpiIsThatOfThisVersion() throws IOException {
    Path kept = Path.of("../spi/compatibility/VERSION");
    assertThat(Files.readString(kept).strip())
        .as("run core/spi/compatibility/record after raising SpiVersion.CURRENT")
        .isEqualTo(SpiVersion.CURRENT);
  }
}
