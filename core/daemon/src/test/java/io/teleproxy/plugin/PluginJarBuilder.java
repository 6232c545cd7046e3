package io.teleproxy.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import javax.tools.JavaCompiler;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/**
 * Builds plugin jars as an author would: with javac, pf4j's annotation processor, and a manifest.
 */
public final class PluginJarBuilder {
  private final Map<String, String> manifest = new LinkedHashMap<>();
  private final Map<String, String> sources = new LinkedHashMap<>();
  private final Map<String, byte[]> entries = new LinkedHashMap<>();
  private boolean annotationProcessing = true;

  private PluginJarBuilder() {}

  public static PluginJarBuilder plugin(String id) {
    return new PluginJarBuilder().manifest("Plugin-Id", id).manifest("Plugin-Version", "1.2.3");
  }

  public PluginJarBuilder manifest(String key, String value) {
    manifest.put(key, value);
    return this;
  }

  public PluginJarBuilder without(String manifestKey) {
    manifest.remove(manifestKey);
    return this;
  }

  public PluginJarBuilder source(String className, String code) {
    sources.put(className, code);
    return this;
  }

  public PluginJarBuilder entry(String name, byte[] content) {
    entries.put(name, content);
    return this;
  }

  public PluginJarBuilder withoutIndex() {
    annotationProcessing = false;
    return this;
  }

  /** A resolver that never answers; {@code members} may replace {@code probe} and the rest. */
  public PluginJarBuilder resolver(String className, String members) {
    return source(className, resolverSource(className, members));
  }

  public static String resolverSource(String className, String members) {
    int dot = className.lastIndexOf('.');
    return "package "
        + className.substring(0, dot)
        + ";\nimport io.teleproxy.spi.*;\n@org.pf4j.Extension\npublic class "
        + className.substring(dot + 1)
        + " implements Resolver {\n"
        + members
        + "\n  public Session open(Context context) { return null; }\n}\n";
  }

  public Path write(Path jar) throws IOException {
    Files.createDirectories(jar.getParent());
    Path classes = Files.createTempDirectory(jar.getParent(), "classes");
    compile(classes);
    Manifest written = new Manifest();
    written.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.forEach((key, value) -> written.getMainAttributes().putValue(key, value));
    try (OutputStream out = Files.newOutputStream(jar);
        JarOutputStream zip = new JarOutputStream(out, written);
        Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        put(zip, classes.relativize(file).toString(), Files.readAllBytes(file));
      }
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        put(zip, entry.getKey(), entry.getValue());
      }
    }
    return jar;
  }

  private static void put(JarOutputStream zip, String name, byte[] content) throws IOException {
    zip.putNextEntry(new ZipEntry(name));
    zip.write(content);
    zip.closeEntry();
  }

  private void compile(Path classes) {
    if (sources.isEmpty()) {
      return;
    }
    List<SimpleJavaFileObject> units = new ArrayList<>();
    sources.forEach((name, code) -> units.add(new Source(name, code)));
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter messages = new StringWriter();
    List<String> options =
        List.of(
            "-d",
            classes.toString(),
            "-cp",
            System.getProperty("java.class.path"),
            annotationProcessing ? "-Xlint:none" : "-proc:none");
    boolean compiled = compiler.getTask(messages, null, null, options, null, units).call();
    assertThat(compiled).as(messages.toString()).isTrue();
  }

  private static final class Source extends SimpleJavaFileObject {
    private final String code;

    Source(String className, String code) {
      super(URI.create("string:///" + className.replace('.', '/') + ".java"), Kind.SOURCE);
      this.code = code;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return code;
    }
  }

  static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
