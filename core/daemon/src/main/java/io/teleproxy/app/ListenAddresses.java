package io.teleproxy.app;

import io.teleproxy.dns.DnsServer;
import io.teleproxy.proxy.TransparentProxy;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Interceptor;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The addresses beside loopback at which DNS and proxy listen: those of container bridges, and
 * those to which the plan in force leads. Any thread.
 */
final class ListenAddresses {
  private final DnsServer dns;
  private final TransparentProxy proxy;
  private final Surroundings surroundings;
  private final Interceptor.Session firewall;
  private final @Nullable LocalListening local;
  private Set<InetAddress> arrivals = Set.of();

  /**
   * @param local listens at the plan's destinations themselves; null where the firewall leads to
   *     one proxy
   */
  ListenAddresses(
      DnsServer dns,
      TransparentProxy proxy,
      Surroundings surroundings,
      Interceptor.Session firewall,
      @Nullable LocalListening local) {
    this.dns = dns;
    this.proxy = proxy;
    this.surroundings = surroundings;
    this.firewall = firewall;
    this.local = local;
  }

  /** Redirected packets of containers arrive at the address of their bridge. */
  synchronized void onBridges() {
    List<InetAddress> bridges = surroundings.bridges().addresses();
    dns.listen(bridges);
    proxy.listen(bridges, arrivals);
  }

  /** Listens where this plan leads, which the firewall has applied. */
  void inForce(InterceptPlan plan) {
    if (local != null) {
      local.serve(plan);
    } else {
      arriveAt(firewall.arrivals());
    }
  }

  /** Where a backend needs an address of ours for each destination. */
  private synchronized void arriveAt(Set<InetAddress> addresses) {
    if (!addresses.equals(arrivals)) {
      arrivals = Set.copyOf(addresses);
      onBridges();
    }
  }
}
