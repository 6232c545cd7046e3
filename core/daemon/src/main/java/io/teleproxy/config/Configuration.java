package io.teleproxy.config;

import com.typesafe.config.Config;
import io.teleproxy.spi.Settings;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * All settings of one run, checked. Immutable.
 *
 * @param nameservers servers whose queries are answered; empty: those of the system
 * @param fallback where other queries are relayed to; empty: the nameservers
 * @param dnsTtl 0 s to 1 day
 * @param dnsInclude domains that are excepted from the next two; in lower case, without final dot
 * @param dnsExclude domains that are never answered here
 * @param dnsPublic domains whose names the search path does not complete
 * @param apiPort 0 for any free port
 * @param pluginFolders existing or not, absolute
 * @param disabledPlugins ids
 * @param allowUserPlugins whether root's process loads plugins that belong to the user
 * @param interceptGid group id of our own processes
 * @param sections the sections below {@code plugins}
 */
public record Configuration(
    Mode mode,
    List<InetSocketAddress> nameservers,
    List<InetSocketAddress> fallback,
    Duration dnsTtl,
    List<String> dnsInclude,
    List<String> dnsExclude,
    List<String> dnsPublic,
    int apiPort,
    List<Path> pluginFolders,
    Set<String> disabledPlugins,
    boolean allowUserPlugins,
    long interceptGid,
    LogLevel logLevel,
    Config sections) {
  public Configuration {
    nameservers = List.copyOf(nameservers);
    fallback = List.copyOf(fallback);
    dnsInclude = List.copyOf(dnsInclude);
    dnsExclude = List.copyOf(dnsExclude);
    dnsPublic = List.copyOf(dnsPublic);
    pluginFolders = List.copyOf(pluginFolders);
    // In the same order in every process, as it is compared by its text, too.
    disabledPlugins = Collections.unmodifiableSet(new TreeSet<>(disabledPlugins));
  }

  /** The section {@code plugins.ID}; empty settings if there is none. */
  public Settings settings(String pluginId) {
    return SectionSettings.of(sections, pluginId);
  }
}
