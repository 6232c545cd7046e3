package io.teleproxy.plugin;

import io.teleproxy.config.HostEnvironment;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What is to be said of a plugin's jar before it is installed. Nothing of it is run: its classes
 * are looked at, not initialized.
 *
 * @param id of the plugin; empty if the jar does not tell
 * @param facts what was found in order, a line each
 * @param problems why it would not be used here, with remedies
 */
public record PluginVerification(String id, List<String> facts, List<Problem> problems) {
  /**
   * Something that is wrong.
   *
   * @param remedy what to do about it
   */
  public record Problem(String reason, String remedy) {}

  public PluginVerification {
    facts = List.copyOf(facts);
    problems = List.copyOf(problems);
  }

  /**
   * Looks at a jar.
   *
   * @param owners user ids to whom a drop-in may belong here
   */
  public static PluginVerification of(Path jar, Set<Long> owners, String os) {
    Examination examination = new Examination();
    try {
      examination.of(jar.toAbsolutePath(), owners, os);
    } catch (PluginFailure e) {
      examination.problem(e);
    }
    return new PluginVerification(examination.id, examination.facts, examination.problems);
  }

  /** As {@link #of(Path, Set, String)}, for this machine and user. */
  public static PluginVerification of(Path jar, HostEnvironment environment) {
    return of(jar, new HashSet<>(List.of(0L, environment.uid())), environment.os());
  }

  private static final class Examination {
    private String id = "";
    private final List<String> facts = new ArrayList<>();
    private final List<Problem> problems = new ArrayList<>();

    /** A part of it, of which the others do not depend. */
    private interface Part {
      void examine() throws PluginFailure;
    }

    void of(Path path, Set<Long> owners, String os) throws PluginFailure {
      part(
          () -> {
            new FileTrust(owners).check(path);
            facts.add("nobody else can write it, or a folder above it");
          });
      PluginJar jar = PluginJar.read(path);
      id = jar.id();
      facts.add("it is " + id + " " + jar.descriptor().getVersion());
      facts.add(
          jar.isFor(os)
              ? "it is for this system (" + os + ")"
              : "it is for " + String.join(" and ", jar.systems()) + ", and is not loaded here");
      part(
          () -> {
            SpiVersion.require(jar.descriptor().getRequires());
            facts.add(
                "it requires teleproxy-spi "
                    + jar.descriptor().getRequires()
                    + ", this is "
                    + SpiVersion.CURRENT);
          });
      part(
          () -> {
            jar.check();
            facts.add("it has an index of extensions, and no classes of the SPI");
          });
      if (!jar.bundlesSpi()) {
        classes(path, jar.extensions());
      }
    }

    private void classes(Path path, List<String> names) throws PluginFailure {
      ClassLoader shared = new SharedClasses(PluginVerification.class.getClassLoader());
      try (URLClassLoader loader = new URLClassLoader(new URL[] {path.toUri().toURL()}, shared)) {
        for (String name : names) {
          part(() -> extension(name, loader));
        }
      } catch (IOException e) {
        throw new PluginFailure("it cannot be read: " + e, "Copy or build it again.");
      }
    }

    private void extension(String name, ClassLoader loader) throws PluginFailure {
      try {
        Class<?> type = Class.forName(name, false, loader);
        var unused = type.getConstructor();
        Class<?> point =
            HostedPlugin.point(type)
                .orElseThrow(
                    () ->
                        new PluginFailure(
                            name + " is none of Interceptor, Resolver, Watcher, Tunnel",
                            "Let it implement one of them."));
        facts.add(name + " is a " + point.getSimpleName().toLowerCase(Locale.ROOT));
      } catch (ReflectiveOperationException | LinkageError e) {
        throw PluginFailure.of("loading its extension " + name, e);
      }
    }

    private void part(Part part) {
      try {
        part.examine();
      } catch (PluginFailure e) {
        problem(e);
      }
    }

    void problem(PluginFailure e) {
      problems.add(new Problem(e.reason(), e.remedy()));
    }
  }
}
