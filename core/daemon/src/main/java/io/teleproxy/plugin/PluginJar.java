package io.teleproxy.plugin;

import io.teleproxy.config.Part;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;
import org.pf4j.DefaultPluginDescriptor;
import org.pf4j.ManifestPluginDescriptorFinder;
import org.pf4j.PluginDescriptor;

/**
 * What a plugin's jar says of itself, read without running any of it.
 *
 * @param extensions class names from {@code META-INF/extensions.idx}
 * @param systems the operating systems that it is for, as {@code Environment.os} names them; empty
 *     for all
 * @param parts the parts of a run that it is for, {@code intercept} and {@code bridge}; empty for
 *     both
 * @param onRequest whether it is loaded only where the configuration asks for it
 * @param bundlesSpi whether the jar has classes of the SPI in it
 */
record PluginJar(
    PluginDescriptor descriptor,
    List<String> extensions,
    Set<String> systems,
    Set<String> parts,
    boolean onRequest,
    boolean bundlesSpi) {
  /** Attribute of the manifest: operating systems, with commas between. */
  static final String OS = "Plugin-Os";

  /**
   * Attribute of the manifest: parts of a run, with commas between. A run has one process for each,
   * and whatever is loaded in both makes its start slower.
   */
  static final String PART = "Plugin-Part";

  /** Attribute of the manifest: {@code true} if the plugin is loaded only when asked for. */
  static final String ON_REQUEST = "Plugin-On-Request";

  private static final String INDEX = "META-INF/extensions.idx";
  private static final int LONGEST_ID = 63;

  String id() {
    return descriptor.getPluginId();
  }

  /** Reads manifest and index. */
  static PluginJar read(Path path) throws PluginFailure {
    // Signatures are not looked at: trust comes from owner, permissions and SHA256SUMS.
    try (JarFile jar = new JarFile(path.toFile(), false)) {
      Manifest manifest = jar.getManifest();
      PluginDescriptor descriptor = descriptor(manifest);
      return new PluginJar(
          descriptor,
          index(jar),
          words(manifest.getMainAttributes().getValue(OS)),
          parts(manifest.getMainAttributes().getValue(PART)),
          Boolean.parseBoolean(manifest.getMainAttributes().getValue(ON_REQUEST)),
          jar.getEntry("io/teleproxy/spi/Environment.class") != null);
    } catch (ZipException e) {
      throw new PluginFailure(
          "it is not a jar file (" + e.getMessage() + ")", "Copy or build it again.");
    } catch (IOException e) {
      throw new PluginFailure("it cannot be read: " + e, "Copy or build it again.");
    }
  }

  /** Refuses what could only fail later, and less clearly. */
  void check() throws PluginFailure {
    if (bundlesSpi) {
      throw new PluginFailure(
          "it contains classes of io.teleproxy.spi, so its extensions would not be recognized",
          "Give the dependency on teleproxy-spi the scope 'provided' and build it again.");
    }
    if (extensions.isEmpty()) {
      throw new PluginFailure(
          "it has no " + INDEX + ", or an empty one",
          "Annotate its extensions with @Extension and put pf4j on the annotation processor path"
              + " of its build.");
    }
  }

  private static PluginDescriptor descriptor(Manifest manifest) throws PluginFailure {
    Attributes attributes = manifest == null ? new Attributes() : manifest.getMainAttributes();
    String id = attributes.getValue(ManifestPluginDescriptorFinder.PLUGIN_ID);
    if (id == null) {
      throw new PluginFailure(
          "it is not a plugin: its manifest has no Plugin-Id",
          "Add Plugin-Id and Plugin-Version to its manifest, or remove it from the folder.");
    }
    if (!isId(id)) {
      throw new PluginFailure(
          "its Plugin-Id '" + id + "' is not an id (expected: 1-63 letters, digits, '-' or '_')",
          "Correct Plugin-Id in its manifest.");
    }
    return new ManifestDescriptor(id, attributes);
  }

  /** Who misspells one would never see the plugin again. */
  private static Set<String> parts(@Nullable String value) throws PluginFailure {
    Set<String> parts = words(value);
    if (!Part.ALL.containsAll(parts)) {
      throw new PluginFailure(
          "its " + PART + " '" + value + "' is not a part of a run (expected: intercept or bridge)",
          "Correct it in its manifest, or leave it out.");
    }
    return parts;
  }

  private static Set<String> words(@Nullable String value) {
    Set<String> words = new TreeSet<>();
    for (String word : value == null ? new String[0] : value.split(",")) {
      if (!word.isBlank()) {
        words.add(word.strip().toLowerCase(Locale.ROOT));
      }
    }
    return Collections.unmodifiableSet(words);
  }

  boolean isFor(String os) {
    return systems.isEmpty() || systems.contains(os);
  }

  boolean isForOneOf(Set<String> some) {
    return parts.isEmpty() || !Collections.disjoint(parts, some);
  }

  private static boolean isId(String id) {
    for (int i = 0; i < id.length(); i++) {
      char c = id.charAt(i);
      boolean word = c < 128 && Character.isLetterOrDigit(c);
      if (!word && (i == 0 || (c != '-' && c != '_'))) {
        return false;
      }
    }
    return !id.isEmpty() && id.length() <= LONGEST_ID;
  }

  private static List<String> index(JarFile jar) throws IOException {
    JarEntry entry = jar.getJarEntry(INDEX);
    List<String> classes = new ArrayList<>();
    if (entry != null) {
      try (BufferedReader lines =
          new BufferedReader(
              new InputStreamReader(jar.getInputStream(entry), StandardCharsets.UTF_8))) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          int comment = line.indexOf('#');
          String name = (comment < 0 ? line : line.substring(0, comment)).strip();
          // pf4j names what is of two extension points twice.
          if (!name.isEmpty() && !classes.contains(name)) {
            classes.add(name);
          }
        }
      }
    }
    return List.copyOf(classes);
  }

  /** pf4j's descriptor, filled from a manifest that is already read. */
  private static final class ManifestDescriptor extends DefaultPluginDescriptor {
    ManifestDescriptor(String id, Attributes manifest) {
      setPluginId(id);
      setPluginVersion(value(manifest, ManifestPluginDescriptorFinder.PLUGIN_VERSION, "0.0.0"));
      setPluginDescription(value(manifest, ManifestPluginDescriptorFinder.PLUGIN_DESCRIPTION, ""));
      setPluginClass(
          value(manifest, ManifestPluginDescriptorFinder.PLUGIN_CLASS, getPluginClass()));
      setRequires(value(manifest, ManifestPluginDescriptorFinder.PLUGIN_REQUIRES, "*"));
      setDependencies(value(manifest, ManifestPluginDescriptorFinder.PLUGIN_DEPENDENCIES, ""));
    }

    private static String value(Attributes manifest, String name, String otherwise) {
      String value = manifest.getValue(name);
      return value == null || value.isBlank() ? otherwise : value.strip();
    }
  }
}
