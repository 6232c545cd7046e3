package io.teleproxy.plugin.kubernetes.tunnel;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.teleproxy.plugin.kubernetes.agent.AgentHealth;
import io.teleproxy.plugin.kubernetes.agent.AgentLinks;
import io.teleproxy.plugin.kubernetes.agent.Uplink;
import io.teleproxy.spi.Tunnel;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Tells {@code status} of the tunnel in numbers: which way connections go, how long a round trip
 * takes, how often connections to the agent were replaced; and of the agent as a component of its
 * own. Confined to the event loop.
 */
final class TunnelReport {
  static final String AGENT = "agent";

  private static final long PERIOD_SECONDS = 2;

  private final Tunnel.Context context;
  private @Nullable AgentLinks links;
  private @Nullable Future<?> ticking;
  private Map<String, String> told = Map.of();
  private Map<String, String> agent = Map.of();

  TunnelReport(Tunnel.Context context) {
    this.context = context;
  }

  /**
   * Begins to tell.
   *
   * @param agentLinks null where there is to be no agent
   */
  void start(EventLoop loop, @Nullable AgentLinks agentLinks) {
    links = agentLinks;
    ticking =
        loop.scheduleWithFixedDelay(this::tell, PERIOD_SECONDS, PERIOD_SECONDS, TimeUnit.SECONDS);
  }

  void stop() {
    if (ticking != null) {
      ticking.cancel(false);
    }
  }

  /**
   * How the agent is by now.
   *
   * @param namespace empty while there is none
   */
  void agent(AgentHealth now, String namespace, String pod) {
    agent = namespace.isEmpty() ? Map.of() : Map.of("namespace", namespace, "pod", pod);
    context.part(AGENT, now.own(), agent);
    tell();
  }

  private void tell() {
    Map<String, String> known = new LinkedHashMap<>();
    Uplink uplink = links == null ? null : links.uplink();
    if (links == null || uplink == null || uplink.usable() == 0) {
      known.put("mode", "port-forward");
    } else {
      known.put("mode", uplink.direct() > 0 ? "agent, past the node" : "agent");
      known.put("connections", Integer.toString(uplink.usable()));
      if (uplink.roundTripNanos() > 0) {
        known.put(
            "round-trip-ms", String.format(Locale.ROOT, "%.2f", uplink.roundTripNanos() / 1e6));
      }
    }
    if (links != null) {
      known.put("reconnects", Integer.toString(links.reconnects()));
    }
    if (!known.equals(told)) {
      told = Map.copyOf(known);
      context.details(known);
    }
  }
}
