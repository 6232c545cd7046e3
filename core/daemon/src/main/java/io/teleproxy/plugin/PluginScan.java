package io.teleproxy.plugin;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** Finds the jars of all sources, checks them and makes the good ones known to pf4j. */
final class PluginScan {
  private static final Check NONE = jar -> {};

  private final PluginSources sources;
  private final IsolatedPlugins manager;
  private final String os;
  private final Predicate<String> wanted;
  private final Predicate<String> unwanted;
  private final FileTrust trust;
  private final List<HostedPlugin> found = new ArrayList<>();
  private final Map<String, HostedPlugin> byId = new HashMap<>();

  /**
   * @param wanted whether the configuration says that the plugin of this id is enabled
   * @param unwanted whether it says that it is not
   */
  PluginScan(
      PluginSources sources,
      IsolatedPlugins manager,
      String os,
      Predicate<String> wanted,
      Predicate<String> unwanted) {
    this.sources = sources;
    this.wanted = wanted;
    this.unwanted = unwanted;
    this.manager = manager;
    this.os = os;
    this.trust = new FileTrust(sources.owners());
  }

  /** A check that a jar has to pass. */
  private interface Check {
    void check(Path jar) throws PluginFailure;
  }

  List<HostedPlugin> scan() {
    for (Path jar : sources.builtIn()) {
      add(jar, PluginSource.BUILT_IN, NONE, NONE);
    }
    sources.bundled().filter(Files::isDirectory).ifPresent(this::bundled);
    for (Path folder : sources.dropIn()) {
      if (Files.isDirectory(folder)) {
        addAll(folder, PluginSource.DROP_IN, trust::check, NONE);
      }
    }
    return found;
  }

  private void bundled(Path folder) {
    Path list = folder.resolve(Checksums.FILE);
    Optional<Checksums> sums;
    try {
      sums = Files.exists(list) ? Optional.of(Checksums.read(list)) : Optional.empty();
    } catch (IOException e) {
      refuse(folder, PluginSource.BUNDLED, list + " cannot be read: " + e);
      return;
    }
    addAll(
        folder,
        PluginSource.BUNDLED,
        NONE,
        jar -> {
          if (sums.isPresent()) {
            sums.get().check(jar);
          }
        });
  }

  /**
   * @param opening before it is opened
   * @param using before any of it is used; costs more than looking into it
   */
  private void addAll(Path folder, PluginSource source, Check opening, Check using) {
    List<Path> jars = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.jar")) {
      files.forEach(jars::add);
    } catch (IOException | RuntimeException e) {
      refuse(folder, source, "the folder cannot be read: " + e);
      return;
    }
    jars.sort(null);
    for (Path jar : jars) {
      add(jar, source, opening, using);
    }
  }

  private void refuse(Path folder, PluginSource source, String reason) {
    HostedPlugin plugin = new HostedPlugin(folder, source);
    found.add(plugin);
    plugin.fail(new PluginFailure(reason, "Make it readable."));
  }

  private void add(Path path, PluginSource source, Check opening, Check using) {
    HostedPlugin plugin = new HostedPlugin(path, source);
    found.add(plugin);
    try {
      opening.check(path);
      PluginJar jar = PluginJar.read(path);
      if (!jar.isForOneOf(sources.parts())) {
        found.remove(plugin);
        return;
      }
      plugin.identify(jar);
      if (!jar.isFor(os)) {
        plugin.leaveTo(jar.systems(), os);
        return;
      }
      if (jar.onRequest() && !wanted.test(jar.id())) {
        plugin.leaveUntilAsked();
        return;
      }
      using.check(path);
      if (sources.disabled().contains(jar.id())) {
        plugin.disable();
        return;
      }
      if (unwanted.test(jar.id())) {
        plugin.leaveOut();
        return;
      }
      jar.check();
      HostedPlugin first = byId.get(jar.id());
      if (first != null) {
        throw new PluginFailure(
            "the id '" + jar.id() + "' is taken by " + first.path() + " (" + first.source() + ")",
            "Remove one of the two, or name the id in disabled-plugins.");
      }
      manager.add(path, jar.descriptor(), source);
      byId.put(jar.id(), plugin);
    } catch (PluginFailure e) {
      plugin.fail(e);
    }
  }
}
