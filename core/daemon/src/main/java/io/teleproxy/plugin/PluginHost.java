package io.teleproxy.plugin;

import io.teleproxy.config.Configuration;
import io.teleproxy.config.HostEnvironment;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Resolver;
import io.teleproxy.spi.Settings;
import io.teleproxy.spi.Tunnel;
import io.teleproxy.spi.UserException;
import io.teleproxy.spi.Watcher;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import org.pf4j.PluginWrapper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The plugins of this run. Opened and closed by one thread; everything between is thread-safe. A
 * plugin is probed when one of its extensions is first asked for, and no jar, however broken, keeps
 * the others from working.
 */
public final class PluginHost implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PluginHost.class);

  /** In a plugin's section: whether it is loaded. */
  private static final String ENABLED = "enabled";

  private final String os;
  private final IsolatedPlugins manager;
  private final List<HostedPlugin> plugins;

  private PluginHost(String os, IsolatedPlugins manager, List<HostedPlugin> plugins) {
    this.os = os;
    this.manager = manager;
    this.plugins = List.copyOf(plugins);
  }

  /** Loads and starts the plugins of all sources, whatever they are for. */
  public static PluginHost open(Configuration configuration, HostEnvironment environment) {
    return open(configuration, environment, PluginSources.of(configuration, environment));
  }

  /** Loads and starts the plugins that this process needs for a run. */
  public static PluginHost openForRun(Configuration configuration, HostEnvironment environment) {
    return open(configuration, environment, PluginSources.ofRun(configuration, environment));
  }

  private static PluginHost open(
      Configuration configuration, HostEnvironment environment, PluginSources sources) {
    return open(sources, environment.os(), id -> environment.with(configuration.settings(id)));
  }

  /**
   * Loads and starts plugins. Never throws because of one of them; {@link #report} tells.
   *
   * @param environments the machine with the settings of the plugin with this id
   */
  public static PluginHost open(
      PluginSources sources, String os, Function<String, Environment> environments) {
    IsolatedPlugins manager = new IsolatedPlugins(sources.application());
    List<HostedPlugin> plugins =
        new PluginScan(
                sources,
                manager,
                os,
                id -> isWanted(environments.apply(id).settings()),
                id -> !environments.apply(id).settings().bool(ENABLED, true))
            .scan();
    manager.resolve();
    for (HostedPlugin plugin : plugins) {
      if (plugin.isLoaded()) {
        try {
          start(manager, plugin, environments);
        } catch (PluginFailure e) {
          plugin.fail(e);
        }
      }
    }
    return new PluginHost(os, manager, plugins);
  }

  /** Whoever writes anything about a plugin wants it, unless he says otherwise. */
  private static boolean isWanted(Settings section) {
    return section.bool(ENABLED, !section.isEmpty());
  }

  private static void start(
      IsolatedPlugins manager, HostedPlugin plugin, Function<String, Environment> environments)
      throws PluginFailure {
    PluginWrapper wrapper = manager.getPlugin(plugin.id());
    if (wrapper == null) {
      throw new PluginFailure(
          "a plugin that it depends on (Plugin-Dependencies) is missing or has the wrong version",
          "Install that one too.");
    }
    ClassLoader loader = wrapper.getPluginClassLoader();
    Loaded.within(
        loader,
        wrapper,
        started -> {
          manager.start(started);
          return true;
        });
    plugin.create(loader, environments.apply(plugin.id()));
  }

  /** All interceptors, applicable or not, in the order of sources and jar names. */
  public List<Loaded<Interceptor>> interceptors() {
    return loaded(Interceptor.class);
  }

  /**
   * All interceptors that may have left something behind, in that order; those that {@link
   * #chooseInterceptor} had no need to probe are among them.
   */
  public List<Loaded<Interceptor>> interceptorsUnasked() {
    List<Loaded<Interceptor>> all = new ArrayList<>();
    for (HostedPlugin plugin : plugins) {
      all.addAll(plugin.interceptorsUnasked());
    }
    return all;
  }

  /** All resolvers, applicable or not. */
  public List<Loaded<Resolver>> resolvers() {
    return loaded(Resolver.class);
  }

  /** All watchers, applicable or not. */
  public List<Loaded<Watcher>> watchers() {
    return loaded(Watcher.class);
  }

  /** All tunnels, applicable or not. */
  public List<Loaded<Tunnel>> tunnels() {
    return loaded(Tunnel.class);
  }

  /**
   * The interceptor for this machine; the decision is logged in one line.
   *
   * @throws UserException if none is applicable, with every candidate, its reason and remedy
   */
  public Loaded<Interceptor> chooseInterceptor() {
    // A probe runs commands, which takes a good part of a start: the best first.
    List<HostedPlugin> backends = new ArrayList<>(plugins);
    backends.removeIf(plugin -> plugin.highestPriority().isEmpty());
    backends.sort(
        Comparator.comparingInt((HostedPlugin plugin) -> plugin.highestPriority().getAsInt())
            .reversed());
    List<Loaded<Interceptor>> candidates = new ArrayList<>();
    List<String> spared = new ArrayList<>();
    for (HostedPlugin plugin : backends) {
      if (plugin.highestPriority().getAsInt() < InterceptorChoice.highest(candidates)) {
        spared.add(plugin.id());
      } else {
        candidates.addAll(plugin.loaded(Interceptor.class));
      }
    }
    InterceptorChoice choice = InterceptorChoice.of(os, candidates, spared);
    log.info("{}", choice.line());
    return choice
        .chosen()
        .orElseThrow(
            () ->
                InterceptorChoice.none(
                    candidates,
                    report().stream()
                        .filter(plugin -> plugin.state() != PluginReport.State.LOADED)
                        .toList()));
  }

  /** Every jar that was found, and what became of it; probes what was not probed yet. */
  public List<PluginReport> report() {
    List<PluginReport> reports = new ArrayList<>();
    for (HostedPlugin plugin : plugins) {
      reports.add(plugin.report());
    }
    return reports;
  }

  /**
   * Stops the plugins, last started first, each in spite of the others' failure. Sessions of their
   * extensions are closed by then. Idempotent.
   */
  @Override
  public void close() {
    // One by one over a copy: stopPlugins() of pf4j 3.15.0 modifies the list that it walks, and one
    // exception ends it (issue 656). Class loaders stay open: threads of a plugin may still be
    // ending, and what they need then must not fail to load.
    List<PluginWrapper> started = new ArrayList<>(manager.getStartedPlugins());
    for (int i = started.size() - 1; i >= 0; i--) {
      PluginWrapper plugin = started.get(i);
      try {
        Loaded.within(
            plugin.getPluginClassLoader(), plugin, one -> manager.stopPlugin(one.getPluginId()));
      } catch (Throwable e) {
        log.warn("plugin {} did not stop cleanly: {}", plugin.getPluginId(), e.toString());
        log.trace("plugin {}", plugin.getPluginId(), e);
        manager.getStartedPlugins().remove(plugin);
      }
    }
  }

  private <T> List<Loaded<T>> loaded(Class<T> point) {
    List<Loaded<T>> loaded = new ArrayList<>();
    for (HostedPlugin plugin : plugins) {
      loaded.addAll(plugin.loaded(point));
    }
    return loaded;
  }
}
