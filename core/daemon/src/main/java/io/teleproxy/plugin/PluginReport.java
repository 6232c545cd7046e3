package io.teleproxy.plugin;

import io.teleproxy.spi.Probe;
import java.util.List;

/**
 * A plugin as {@code plugins list} shows it.
 *
 * @param id of the plugin, or the name of a jar that does not tell
 * @param version empty if the jar does not tell
 * @param path of the jar
 * @param extensions in the order of the plugin's index; none unless loaded
 * @param reason why it is not loaded; empty if it is
 * @param remedy what to do about that
 */
public record PluginReport(
    String id,
    String version,
    PluginSource source,
    String path,
    State state,
    List<Extension> extensions,
    String reason,
    String remedy) {
  /** What became of a plugin. */
  public enum State {
    LOADED,
    DISABLED,
    /** For another operating system; none of its classes was loaded. */
    OTHER_OS,
    FAILED
  }

  /**
   * One extension of a plugin.
   *
   * @param point {@code interceptor}, {@code resolver}, {@code watcher} or {@code tunnel}
   */
  public record Extension(String point, Probe probe) {}

  public PluginReport {
    extensions = List.copyOf(extensions);
  }
}
