package io.teleproxy.plugin;

/** The version of {@code io.teleproxy.spi}, against which {@code Plugin-Requires} is checked. */
public final class SpiVersion {
  /** Semantic version 2.0.0; while the major number is 0, a new minor number may break plugins. */
  public static final String CURRENT = "0.1.0";

  private SpiVersion() {}
}
