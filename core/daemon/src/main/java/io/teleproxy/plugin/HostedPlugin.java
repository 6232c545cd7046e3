package io.teleproxy.plugin;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.Resolver;
import io.teleproxy.spi.Tunnel;
import io.teleproxy.spi.Watcher;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One jar and what became of it. Filled by one thread; probed and read by any, which synchronizes
 * on it.
 */
final class HostedPlugin {
  static final List<Class<?>> POINTS =
      List.of(Interceptor.class, Resolver.class, Watcher.class, Tunnel.class);

  private static final Logger log = LoggerFactory.getLogger(HostedPlugin.class);

  private static final Probe NOT_ASKED = Probe.applicable(Integer.MIN_VALUE, "not asked");

  private final Path path;
  private final PluginSource source;
  private String id;
  private String version = "";
  private PluginReport.State state = PluginReport.State.LOADED;
  private List<String> classNames = List.of();
  private final List<Object> extensions = new ArrayList<>();
  private Optional<Environment> environment = Optional.empty();
  private final Map<Object, Probe> probes = new LinkedHashMap<>();
  private boolean probed;
  private String reason = "";
  private String remedy = "";

  HostedPlugin(Path path, PluginSource source) {
    this.path = path;
    this.source = source;
    String name = String.valueOf(path.getFileName());
    this.id = name.endsWith(".jar") ? name.substring(0, name.length() - 4) : name;
  }

  String id() {
    return id;
  }

  Path path() {
    return path;
  }

  PluginSource source() {
    return source;
  }

  synchronized boolean isLoaded() {
    return state == PluginReport.State.LOADED;
  }

  void identify(PluginJar jar) {
    id = jar.id();
    version = jar.descriptor().getVersion();
    classNames = jar.extensions();
  }

  synchronized void disable() {
    state = PluginReport.State.DISABLED;
    reason = "it is named in disabled-plugins";
    remedy = "Remove it from that list.";
  }

  synchronized void leaveOut() {
    state = PluginReport.State.DISABLED;
    reason = "plugins." + id + ".enabled is false";
    remedy = "Set it to true.";
  }

  synchronized void leaveUntilAsked() {
    state = PluginReport.State.DISABLED;
    reason = "it is loaded on request only";
    remedy = "plugins." + id + ".enabled = true does, or any other setting in plugins." + id + ".";
  }

  synchronized void leaveTo(Set<String> systems, String os) {
    state = PluginReport.State.OTHER_OS;
    reason = "it is for " + String.join(" and ", systems) + ", this is " + os + " (os=" + os + ")";
  }

  synchronized void fail(PluginFailure failure) {
    state = PluginReport.State.FAILED;
    reason = failure.reason();
    remedy = failure.remedy();
    extensions.clear();
    log.warn("plugin {} is not used: {}. {}", path, reason, remedy);
    log.trace("plugin {}", id, failure);
  }

  /** Creates the extensions, once. */
  synchronized void create(ClassLoader loader, Environment settings) throws PluginFailure {
    environment = Optional.of(settings);
    for (String name : classNames) {
      try {
        Class<?> type = Class.forName(name, true, loader);
        if (point(type).isEmpty()) {
          throw new PluginFailure(
              "its extension " + name + " is none of Interceptor, Resolver, Watcher, Tunnel",
              "Let it implement one of them.");
        }
        extensions.add(Loaded.within(loader, type, found -> found.getConstructor().newInstance()));
      } catch (Throwable e) {
        throw PluginFailure.of("creating its extension " + name, e);
      }
    }
  }

  /** The extensions of one point; probed if they have not been. */
  synchronized <T> List<Loaded<T>> loaded(Class<T> point) {
    List<Loaded<T>> loaded = new ArrayList<>();
    if (extensions.stream().anyMatch(point::isInstance)) {
      probe();
      for (Object extension : extensions) {
        Probe probe = probes.get(extension);
        if (point.isInstance(extension) && probe != null && environment.isPresent()) {
          loaded.add(new Loaded<>(id, source, point.cast(extension), probe, environment.get()));
        }
      }
    }
    return loaded;
  }

  /** The highest priority of its interceptors; empty if it has none. */
  synchronized OptionalInt highestPriority() {
    OptionalInt highest = OptionalInt.empty();
    for (Object extension : extensions) {
      if (extension instanceof Interceptor interceptor) {
        highest =
            OptionalInt.of(Math.max(priority(interceptor), highest.orElse(Integer.MIN_VALUE)));
      }
    }
    return highest;
  }

  /** Whoever cannot tell is asked with the others. */
  private static int priority(Interceptor interceptor) {
    try {
      return Loaded.within(interceptor, Interceptor::highestPriority);
    } catch (RuntimeException | LinkageError e) {
      return Integer.MAX_VALUE;
    }
  }

  /** Its interceptors as they are; those that were not probed count as applicable. */
  synchronized List<Loaded<Interceptor>> interceptorsUnasked() {
    List<Loaded<Interceptor>> loaded = new ArrayList<>();
    for (Object extension : extensions) {
      if (extension instanceof Interceptor interceptor && environment.isPresent()) {
        Probe probe = probes.getOrDefault(extension, NOT_ASKED);
        loaded.add(new Loaded<>(id, source, interceptor, probe, environment.get()));
      }
    }
    return loaded;
  }

  synchronized PluginReport report() {
    probe();
    List<PluginReport.Extension> reports = new ArrayList<>();
    probes.forEach(
        (extension, probe) -> {
          for (Class<?> point : POINTS) {
            if (point.isInstance(extension)) {
              String kind = point.getSimpleName().toLowerCase(Locale.ROOT);
              reports.add(new PluginReport.Extension(kind, probe));
            }
          }
        });
    return new PluginReport(id, version, source, path.toString(), state, reports, reason, remedy);
  }

  /** Asks all extensions of the plugin; one that throws takes the whole plugin with it. */
  private void probe() {
    if (probed || environment.isEmpty()) {
      return;
    }
    probed = true;
    Environment machine = environment.get();
    for (Object extension : List.copyOf(extensions)) {
      try {
        Probe probe = Loaded.within(extension, asked -> ask(asked, machine));
        if (probe == null) {
          throw new PluginFailure("its probe answered null", "Update it.");
        }
        probes.put(extension, probe);
      } catch (Throwable e) {
        probes.clear();
        fail(PluginFailure.of("its probe", e));
        return;
      }
    }
  }

  private static Probe ask(Object extension, Environment environment) {
    if (extension instanceof Interceptor interceptor) {
      return interceptor.probe(environment);
    }
    if (extension instanceof Resolver resolver) {
      return resolver.probe(environment);
    }
    if (extension instanceof Watcher watcher) {
      return watcher.probe(environment);
    }
    return ((Tunnel) extension).probe(environment);
  }

  /** Which extension point a class implements. */
  static Optional<Class<?>> point(Class<?> type) {
    return POINTS.stream().filter(point -> point.isAssignableFrom(type)).findFirst();
  }
}
