package io.teleproxy.plugin;

import io.teleproxy.config.Configuration;
import io.teleproxy.config.HostEnvironment;
import io.teleproxy.config.Part;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.jar.Manifest;

/**
 * Where plugins are looked for.
 *
 * @param application the class loader of built-in plugins
 * @param builtIn jars on its class path
 * @param bundled the product's plugins folder
 * @param dropIn folders of others; missing ones are skipped
 * @param owners user ids to whom drop-in plugins may belong
 * @param disabled ids of plugins that are not loaded
 * @param parts of a run, {@code intercept} and {@code bridge}: what is for none of them is passed
 *     over
 */
public record PluginSources(
    ClassLoader application,
    List<Path> builtIn,
    Optional<Path> bundled,
    List<Path> dropIn,
    Set<Long> owners,
    Set<String> disabled,
    Set<String> parts) {
  /** System property that names the product's folder. */
  public static final String HOME_PROPERTY = "teleproxy.home";

  /** How the jar files of built-in plugins are called, so that a start need not open all jars. */
  static final String BUILT_IN_PREFIX = "teleproxy-plugin-";

  public PluginSources {
    builtIn = List.copyOf(builtIn);
    dropIn = List.copyOf(dropIn);
    owners = Set.copyOf(owners);
    disabled = Set.copyOf(disabled);
    parts = Set.copyOf(parts);
  }

  /** The sources of this process. */
  public static PluginSources of(Configuration configuration, HostEnvironment environment) {
    String home = System.getProperty(HOME_PROPERTY, "");
    Set<Long> owners = new HashSet<>(List.of(0L, environment.uid()));
    if (configuration.allowUserPlugins()) {
      environment.invoker().ifPresent(user -> owners.add(user.uid()));
    }
    return new PluginSources(
        PluginSources.class.getClassLoader(),
        builtIn(System.getProperty("java.class.path", "")),
        home.isEmpty() ? Optional.empty() : Optional.of(Path.of(home, "plugins")),
        configuration.pluginFolders(),
        owners,
        configuration.disabledPlugins(),
        Part.ALL);
  }

  /** The same for what this process does of a run only. */
  public static PluginSources ofRun(Configuration configuration, HostEnvironment environment) {
    PluginSources all = of(configuration, environment);
    return new PluginSources(
        all.application,
        all.builtIn,
        all.bundled,
        all.dropIn,
        all.owners,
        all.disabled,
        Part.here(configuration.mode(), environment.variables()));
  }

  /**
   * The jars of built-in plugins on a class path; of a class path that is one jar, on that which
   * its manifest names.
   */
  static List<Path> builtIn(String classPath) {
    List<Path> jars = new ArrayList<>();
    String[] entries = classPath.split(File.pathSeparator);
    for (String entry : entries) {
      if (isBuiltIn(entry.substring(entry.lastIndexOf(File.separatorChar) + 1))) {
        jars.add(Path.of(entry));
      }
    }
    if (entries.length == 1 && entries[0].endsWith(".jar")) {
      Path jar = Path.of(entries[0]).toAbsolutePath();
      for (String name : manifestClassPath(jar).split(" ")) {
        if (isBuiltIn(name.substring(name.lastIndexOf('/') + 1))) {
          jars.add(jar.resolveSibling(name).normalize());
        }
      }
    }
    return jars;
  }

  private static boolean isBuiltIn(String fileName) {
    return fileName.startsWith(BUILT_IN_PREFIX) && fileName.endsWith(".jar");
  }

  private static String manifestClassPath(Path path) {
    try (JarFile jar = new JarFile(path.toFile(), false)) {
      Manifest manifest = jar.getManifest();
      String classPath =
          manifest == null ? null : manifest.getMainAttributes().getValue("Class-Path");
      return classPath == null ? "" : classPath;
    } catch (IOException e) {
      // The virtual machine skips what it cannot read on the class path, too.
      return "";
    }
  }
}
