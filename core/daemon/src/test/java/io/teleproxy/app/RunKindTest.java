package io.teleproxy.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.teleproxy.config.Configuration;
import io.teleproxy.config.LogLevel;
import io.teleproxy.config.Mode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunKindTest {
  @TempDir Path home;

  @BeforeEach
  void product() throws IOException {
    Files.createDirectories(home.resolve("plugins"));
    Files.createFile(Files.createDirectories(home.resolve("lib")).resolve("a.jar"));
  }

  @Test
  void isTheSameForTheSameProductAndSettings() {
    assertThat(kind("a = 1", "x", "y")).isEqualTo(kind("a = 1", "y", "x"));
  }

  @Test
  void isAnotherWithOtherSettings() {
    assertThat(kind("a = 1")).isNotEqualTo(kind("a = 2"));
  }

  @Test
  void isAnotherWhenAJarWasReplacedThoughItLooksAlike() throws IOException {
    String before = kind("");
    Path jar = home.resolve("lib/a.jar");
    Path other = Files.createFile(home.resolve("new"));
    Files.setLastModifiedTime(other, Files.getLastModifiedTime(jar));
    Files.delete(jar);
    Files.move(other, jar);
    assertThat(kind("")).isNotEqualTo(before);
  }

  private String kind(String sections, String... disabled) {
    return RunKind.of(
        new Configuration(
            Mode.ALL,
            List.of(),
            List.of(),
            Duration.ZERO,
            List.of(),
            List.of(),
            List.of(),
            0,
            List.of(),
            new LinkedHashSet<>(List.of(disabled)),
            false,
            1,
            LogLevel.INFO,
            ConfigFactory.parseString(sections)),
        home);
  }
}
