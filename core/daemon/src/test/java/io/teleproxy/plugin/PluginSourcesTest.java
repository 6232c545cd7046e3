package io.teleproxy.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.config.Part;
import io.teleproxy.spi.Probe;
import io.teleproxy.testkit.TestEnvironment;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PluginSourcesTest {
  @TempDir Path temporary;

  @Test
  void findsBuiltInPluginsByTheirNameOnTheClassPath() {
    assertThat(
            PluginSources.builtIn(
                "/p/lib/teleproxy-plugin-x-1.jar:/p/lib/gson.jar:/p/teleproxy-plugin-y/classes:"))
        .containsExactly(Path.of("/p/lib/teleproxy-plugin-x-1.jar"));
  }

  @Test
  void findsBuiltInPluginsOnTheClassPathOfAManifest() throws IOException {
    Path jar = temporary.resolve("teleproxy.jar");
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest
        .getMainAttributes()
        .put(Attributes.Name.CLASS_PATH, "gson-2.jar teleproxy-plugin-x-1.jar other.jar");
    try (OutputStream out = Files.newOutputStream(jar)) {
      new JarOutputStream(out, manifest).close();
    }
    assertThat(PluginSources.builtIn(jar.toString()))
        .containsExactly(temporary.resolve("teleproxy-plugin-x-1.jar"));
    assertThat(PluginSources.builtIn(temporary.resolve("missing.jar").toString())).isEmpty();
  }

  @Test
  void aBuiltInPluginIsLoadedByTheApplicationsClassLoader() throws IOException {
    Path jar =
        PluginJarBuilder.plugin("inside")
            .resolver(
                "inside.Inside",
                "public Probe probe(Environment e) { return Probe.applicable(0,"
                    + " Inside.class.getClassLoader().getName()); }")
            .write(temporary.resolve("teleproxy-plugin-inside.jar"));
    try (URLClassLoader application =
            new URLClassLoader(
                "application", new URL[] {jar.toUri().toURL()}, getClass().getClassLoader());
        PluginHost host =
            PluginHost.open(
                new PluginSources(
                    application,
                    List.of(jar),
                    Optional.empty(),
                    List.of(temporary.resolve("no-such-folder")),
                    Set.of(),
                    Set.of(),
                    Part.ALL),
                "linux",
                id -> TestEnvironment.BARE)) {
      PluginReport report = host.report().get(0);
      assertThat(report.source()).hasToString("built-in");
      assertThat(report.extensions())
          .containsExactly(
              new PluginReport.Extension("resolver", Probe.applicable(0, "application")));
    }
  }
}
