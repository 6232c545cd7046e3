package io.teleproxy.plugin;

import java.lang.reflect.Constructor;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.pf4j.AbstractPluginManager;
import org.pf4j.DefaultExtensionFactory;
import org.pf4j.DefaultVersionManager;
import org.pf4j.ExtensionFactory;
import org.pf4j.ExtensionFinder;
import org.pf4j.ExtensionWrapper;
import org.pf4j.Plugin;
import org.pf4j.PluginClassLoader;
import org.pf4j.PluginDescriptor;
import org.pf4j.PluginDescriptorFinder;
import org.pf4j.PluginFactory;
import org.pf4j.PluginLoader;
import org.pf4j.PluginRepository;
import org.pf4j.PluginRuntimeException;
import org.pf4j.PluginState;
import org.pf4j.PluginStatusProvider;
import org.pf4j.PluginWrapper;
import org.pf4j.VersionManager;

/**
 * pf4j's plugin manager, told jar by jar what to load: class loaders, dependencies between plugins,
 * and their start and stop are its work; finding, checking and creating extensions is ours, because
 * it would log what goes wrong instead of telling us. Used by one thread.
 */
final class IsolatedPlugins extends AbstractPluginManager {
  private final ClassLoader application;
  private final ClassLoader shared;
  private final Map<Path, PluginDescriptor> descriptors = new HashMap<>();
  private final Set<Path> builtIn = new HashSet<>();

  IsolatedPlugins(ClassLoader application) {
    // pf4j wants a folder to search; it is never searched.
    super(Path.of("."));
    this.application = application;
    this.shared = new SharedClasses(application);
    this.resolveRecoveryStrategy = ResolveRecoveryStrategy.IGNORE_PLUGIN_AND_CONTINUE;
  }

  /** Makes a plugin known; {@link #resolve} comes when all are. */
  void add(Path path, PluginDescriptor descriptor, PluginSource source) throws PluginFailure {
    SpiVersion.require(descriptor.getRequires());
    descriptors.put(path, descriptor);
    if (source == PluginSource.BUILT_IN) {
      builtIn.add(path);
    }
    try {
      loadPluginFromPath(path);
    } catch (PluginRuntimeException e) {
      throw PluginFailure.of("loading it", e);
    }
  }

  /** Puts plugins in order after their dependencies; those that lack one are forgotten. */
  void resolve() {
    try {
      resolvePlugins();
    } catch (PluginRuntimeException e) {
      // A cycle stops pf4j altogether: do without all plugins that depend on others.
      for (PluginWrapper plugin : getPlugins()) {
        if (!plugin.getDescriptor().getDependencies().isEmpty()) {
          unloadPlugin(plugin.getPluginId(), false, false);
        }
      }
      resolvePlugins();
    }
  }

  /** Runs the plugin's start, and that of the plugins it depends on. */
  void start(PluginWrapper plugin) throws PluginFailure {
    PluginState state;
    try {
      state = startPlugin(plugin.getPluginId());
    } catch (Throwable e) {
      throw PluginFailure.of("its start", e);
    }
    if (!state.isStarted()) {
      Throwable reason = plugin.getFailedException();
      throw PluginFailure.of(
          "its start",
          reason instanceof PluginRuntimeException && reason.getCause() != null
              ? reason.getCause()
              : reason == null ? new IllegalStateException("state " + state) : reason);
    }
  }

  @Override
  protected PluginDescriptorFinder createPluginDescriptorFinder() {
    return new PluginDescriptorFinder() {
      @Override
      public boolean isApplicable(Path path) {
        return descriptors.containsKey(path);
      }

      @Override
      public PluginDescriptor find(Path path) {
        PluginDescriptor descriptor = descriptors.get(path);
        if (descriptor == null) {
          throw new PluginRuntimeException("{} was not read", path);
        }
        return descriptor;
      }
    };
  }

  @Override
  protected PluginLoader createPluginLoader() {
    return new PluginLoader() {
      @Override
      public boolean isApplicable(Path path) {
        return true;
      }

      @Override
      public ClassLoader loadPlugin(Path path, PluginDescriptor descriptor) {
        if (builtIn.contains(path)) {
          return application;
        }
        PluginClassLoader own =
            new PluginClassLoader(IsolatedPlugins.this, descriptor, shared) {
              @Override
              protected boolean shouldDelegateToParent(String className) {
                return SharedClasses.isShared(className);
              }
            };
        own.addFile(path.toFile());
        return own;
      }
    };
  }

  @Override
  protected PluginFactory createPluginFactory() {
    return wrapper -> {
      String name = wrapper.getDescriptor().getPluginClass();
      try {
        Constructor<? extends Plugin> constructor =
            wrapper
                .getPluginClassLoader()
                .loadClass(name)
                .asSubclass(Plugin.class)
                .getConstructor();
        return constructor.newInstance();
      } catch (ReflectiveOperationException e) {
        throw new PluginRuntimeException(e, "{}", name);
      }
    };
  }

  /** Plugins cannot look for each other's extensions: the core puts them together. */
  @Override
  @SuppressWarnings("rawtypes")
  protected ExtensionFinder createExtensionFinder() {
    return new ExtensionFinder() {
      @Override
      public <T> List<ExtensionWrapper<T>> find(Class<T> type) {
        return List.of();
      }

      @Override
      public <T> List<ExtensionWrapper<T>> find(Class<T> type, String pluginId) {
        return List.of();
      }

      @Override
      public List<ExtensionWrapper> find(String pluginId) {
        return List.of();
      }

      @Override
      public Set<String> findClassNames(String pluginId) {
        return Set.of();
      }
    };
  }

  @Override
  protected PluginRepository createPluginRepository() {
    return new PluginRepository() {
      @Override
      public List<Path> getPluginPaths() {
        return List.of();
      }

      @Override
      public boolean deletePluginPath(Path path) {
        return false;
      }
    };
  }

  @Override
  protected ExtensionFactory createExtensionFactory() {
    return new DefaultExtensionFactory();
  }

  @Override
  protected PluginStatusProvider createPluginStatusProvider() {
    return new PluginStatusProvider() {
      @Override
      public boolean isPluginDisabled(String pluginId) {
        return false;
      }

      @Override
      public void disablePlugin(String pluginId) {}

      @Override
      public void enablePlugin(String pluginId) {}
    };
  }

  @Override
  protected VersionManager createVersionManager() {
    return new DefaultVersionManager();
  }
}
