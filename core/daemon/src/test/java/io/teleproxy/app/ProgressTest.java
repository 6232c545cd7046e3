package io.teleproxy.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.teleproxy.spi.Health;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private final Components components = new Components();
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

  private Progress progress(boolean colours) {
    return new Progress(components, List.of("dns", "firewall"), Instant.now(), colours, out);
  }

  private String written() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void eachComponentHasALineWithItsStateAndWhy() {
    Progress progress = progress(false);
    components.report("watcher kubernetes", Health.starting("reading the cluster"));
    components.report("tunnel kubernetes", Health.failed("no route", "Look at\nthe network."));
    components.report("dns", Health.ready());
    assertThat(progress.lines(Instant.now()))
        .containsExactly(
            "  dns                   ready     0.0 s",
            "  tunnel kubernetes     failed    no route. Look at the network.",
            "  watcher kubernetes    working   0.0 s  reading the cluster",
            "  firewall              waiting");
  }

  @Test
  void onlyStatesAreColoured() {
    components.report("dns", Health.ready());
    assertThat(progress(true).lines(Instant.now()).get(0))
        .isEqualTo("  dns                   \u001b[32mready     \u001b[m0.0 s");
  }

  /** What a terminal shows then: a log line at the cursor, and the block below. */
  @Test
  void theCursorWaitsOnAnEmptyLineAboveTheBlock() {
    try (Progress progress =
        Progress.begin(components, List.of("dns", "firewall"), Instant.now(), false, out)) {
      await().until(() -> written().contains("firewall"));
      assertThat(written())
          .startsWith("\r\u001b[J\u001b[?7l\n  dns")
          .contains("waiting\u001b[?7h\u001b[2A\r");
      components.report("dns", Health.ready());
      await().until(() -> written().contains("ready"));
    }
    String last = written().substring(written().lastIndexOf("\u001b[J") + 3);
    assertThat(last).startsWith("  dns").endsWith("  firewall              waiting\n");
    assertThat(last).doesNotContain("\u001b");
  }
}
