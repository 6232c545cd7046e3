package io.teleproxy.plugin;

import org.pf4j.DefaultVersionManager;

/** The version of {@code io.teleproxy.spi}, against which {@code Plugin-Requires} is checked. */
public final class SpiVersion {
  /** Semantic version 2.0.0; while the major number is 0, a new minor number may break plugins. */
  public static final String CURRENT = "0.1.0";

  private SpiVersion() {}

  /**
   * Checks what a plugin requires.
   *
   * @param requires a range of versions, or a version, which means that one or newer
   */
  static void require(String requires) throws PluginFailure {
    // A bare version means that one or newer, as in pf4j itself.
    String range =
        !requires.isEmpty() && requires.chars().allMatch(c -> c == '.' || Character.isDigit(c))
            ? ">=" + requires
            : requires;
    boolean met;
    try {
      met =
          range.equals("*")
              || new DefaultVersionManager().checkVersionConstraint(SpiVersion.CURRENT, range);
    } catch (RuntimeException e) {
      throw new PluginFailure(
          "its Plugin-Requires '" + requires + "' is not a version range",
          "Correct it in the manifest, e.g. Plugin-Requires: >=" + SpiVersion.CURRENT);
    }
    if (!met) {
      throw new PluginFailure(
          "it requires teleproxy-spi " + requires + ", this is " + SpiVersion.CURRENT,
          "Use a version of the plugin that was made for this teleproxy, or the other way round.");
    }
  }
}
