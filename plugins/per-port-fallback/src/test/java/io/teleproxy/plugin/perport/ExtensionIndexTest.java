package io.teleproxy.plugin.perport;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URISyntaxException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ExtensionIndexTest {
  /** Without it pf4j finds no extension in the jar, and says nothing. */
  @Test
  void namesTheInterceptor() throws URISyntaxException {
    Path classes =
        Path.of(
            PerPortInterceptor.class.getProtectionDomain().getCodeSource().getLocation().toURI());

    assertThat(classes.resolve("META-INF/extensions.idx"))
        .content()
        .contains("\n" + PerPortInterceptor.class.getName() + "\n");
  }
}
