package io.teleproxy.app;

import io.netty.channel.EventLoopGroup;
import io.teleproxy.config.Configuration;
import io.teleproxy.config.HostEnvironment;
import io.teleproxy.net.LocalPeers;
import io.teleproxy.plugin.PluginHost;
import java.util.HashSet;
import java.util.Set;

/**
 * What the part of a run in this process is opened with.
 *
 * @param closer for what the part opens; it is closed after a failed start, too
 * @param sources closed after everything else that is opened: whoever is still connected keeps the
 *     tunnel until then
 */
record RunContext(
    Configuration configuration,
    PluginHost plugins,
    HostEnvironment environment,
    EventLoopGroup loops,
    Components components,
    StopRequest stop,
    Closer closer,
    Closer sources) {
  /** Opens the tunnels and watchers that apply here. */
  Sources openSources(TableSink sink, Runnable datagramsChanged) {
    return sources.add(
        "watchers and tunnels",
        Sources.open(
            plugins.tunnels(),
            plugins.watchers(),
            sink,
            components,
            datagramsChanged,
            LocalPeers.ofMany(owners()),
            loops));
  }

  /** Who may talk to us, besides root; ids of users. */
  Set<Long> owners() {
    Set<Long> owners = new HashSet<>(Set.of(environment.uid()));
    environment.invoker().ifPresent(user -> owners.add(user.uid()));
    return owners;
  }
}
