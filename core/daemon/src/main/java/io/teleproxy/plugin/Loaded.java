package io.teleproxy.plugin;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Probe;

/**
 * An extension that is loaded and has been probed.
 *
 * @param <T> extension point
 * @param pluginId of its plugin
 * @param extension the only instance
 * @param probe what it answered
 * @param environment the machine with the settings of its plugin: what it expects in a context
 */
public record Loaded<T>(
    String pluginId, PluginSource source, T extension, Probe probe, Environment environment) {
  /** A use of an extension that may throw what the extension may throw. */
  @FunctionalInterface
  public interface Use<T, R, E extends Exception> {
    R apply(T extension) throws E;
  }

  public boolean applicable() {
    return probe instanceof Probe.Applicable;
  }

  /**
   * Calls the extension with its own class loader as the thread's context class loader: libraries
   * in plugins look there for their services, and threads that the plugin starts inherit it.
   */
  public <R, E extends Exception> R call(Use<? super T, R, E> use) throws E {
    return within(extension, use);
  }

  static <T, R, E extends Exception> R within(T extension, Use<? super T, R, E> use) throws E {
    return within(extension.getClass().getClassLoader(), extension, use);
  }

  static <T, R, E extends Exception> R within(
      ClassLoader loader, T extension, Use<? super T, R, E> use) throws E {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(loader);
    try {
      return use.apply(extension);
    } finally {
      thread.setContextClassLoader(before);
    }
  }
}
