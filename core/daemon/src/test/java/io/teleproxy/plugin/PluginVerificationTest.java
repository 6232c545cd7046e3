package io.teleproxy.plugin;

import static io.teleproxy.plugin.PluginJarBuilder.plugin;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PluginVerificationTest {
  @TempDir Path folder;
  private Path jar;

  @BeforeEach
  void jar() {
    jar = folder.resolve("some.jar");
  }

  private PluginVerification verify() throws IOException {
    long me = ((Number) Files.getAttribute(folder, "unix:uid")).longValue();
    return PluginVerification.of(jar, me == 0 ? Set.of(0L) : Set.of(0L, me), "linux");
  }

  private List<String> problems() throws IOException {
    return verify().problems().stream().map(PluginVerification.Problem::reason).toList();
  }

  @Test
  void findsAGoodPluginGoodAndRunsNothingOfIt() throws IOException {
    plugin("good")
        .manifest("Plugin-Requires", ">=0.1.0")
        .resolver("good.Loud", "static { if (true) throw new IllegalStateException(\"run\"); }")
        .write(jar);

    PluginVerification good = verify();
    assertThat(good.problems()).isEmpty();
    assertThat(good.id()).isEqualTo("good");
    assertThat(good.facts())
        .contains(
            "it is good 1.2.3",
            "it is for this system (linux)",
            "it requires teleproxy-spi >=0.1.0, this is " + SpiVersion.CURRENT,
            "good.Loud is a resolver");
  }

  @Test
  void tellsOfASystemThatItIsNotFor() throws IOException {
    plugin("mac").manifest("Plugin-Os", "macos").resolver("mac.Silent", "").write(jar);

    assertThat(verify().facts()).contains("it is for macos, and is not loaded here");
    assertThat(problems()).isEmpty();
  }

  @Test
  void tellsOfAllProblemsAtOnce() throws IOException {
    plugin("bad")
        .manifest("Plugin-Requires", ">=99.0.0")
        .withoutIndex()
        .resolver("bad.Silent", "")
        .write(jar);
    Files.setPosixFilePermissions(jar, PosixFilePermissions.fromString("rw-rw-rw-"));

    assertThat(problems())
        .hasSize(3)
        .anyMatch(reason -> reason.contains("can be written by others"))
        .anyMatch(reason -> reason.contains("requires teleproxy-spi >=99.0.0"))
        .anyMatch(reason -> reason.contains("no META-INF/extensions.idx"));
  }

  @Test
  void tellsOfClassesThatAreMissingOrOfNoUse() throws IOException {
    plugin("ghost")
        .withoutIndex()
        .entry(
            "META-INF/extensions.idx",
            PluginJarBuilder.text("ghost.Ghost\njava.lang.String\nghost.Silent\n"))
        .resolver("ghost.Silent", "private ghost.Silent() {}".replace("ghost.Silent", "Silent"))
        .write(jar);

    assertThat(problems())
        .hasSize(3)
        .anyMatch(reason -> reason.contains("ghost.Ghost"))
        .anyMatch(reason -> reason.contains("java.lang.String is none of Interceptor"))
        .anyMatch(reason -> reason.contains("ghost.Silent") && reason.contains("NoSuchMethod"));
  }

  @Test
  void tellsOfWhatIsNoPlugin() throws IOException {
    Files.writeString(jar, "no jar");
    assertThat(problems()).singleElement().asString().contains("it is not a jar file");
    jar = folder.resolve("nowhere.jar");
    assertThat(problems()).isNotEmpty();
  }
}
