package io.teleproxy.app;

import com.google.gson.JsonObject;
import io.netty.channel.EventLoopGroup;
import io.teleproxy.proxy.UdpProxy;
import io.teleproxy.proxy.UdpTargets;
import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.InterceptPlan.Redirect;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.Route;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntPredicate;

/**
 * Decides for the plan which datagrams are redirected, and where to: those whose SOCKS5 proxy
 * carries datagrams, to a port of their own. The others are refused by the firewall meanwhile.
 * Called by the reconciler's thread, but for {@link #retry} and {@link #describe}.
 */
final class UdpInterception implements InterceptPlans.UdpPorts, AutoCloseable {
  private final UdpProxy proxy;
  private final Function<InetSocketAddress, OptionalInt> ports;
  private final UdpTargets targets;
  private final Consumer<Health> health;
  private boolean wasReady;

  /** Destinations that the plan in the making refuses. */
  private int refusing;

  private volatile int redirects;
  private volatile int refused;

  /**
   * @param ports the local port for a destination that is carried
   * @param changed called when the plan must be made anew
   */
  UdpInterception(
      UdpProxy proxy,
      Function<InetSocketAddress, OptionalInt> ports,
      EventLoopGroup loops,
      IntPredicate ownTarget,
      Consumer<Health> health,
      Runnable changed) {
    this.proxy = proxy;
    this.ports = ports;
    this.targets = new UdpTargets(loops, ownTarget, changed);
    this.health = health;
  }

  /** SOCKS5 proxies that plans are going to lead to. */
  void expect(Set<Integer> coming) {
    targets.expect(coming);
  }

  @Override
  public void begin(Set<Integer> wanted) {
    targets.want(wanted);
    refusing = 0;
  }

  @Override
  public OptionalInt port(InetSocketAddress destination, int target) {
    OptionalInt port = targets.carries(target) ? ports.apply(destination) : OptionalInt.empty();
    if (port.isEmpty()) {
      refusing++;
    }
    return port;
  }

  @Override
  public void refuse(Route route) {
    refusing++;
  }

  /**
   * To be called when a plan is in force.
   *
   * @param rules all its rules for the destinations of datagrams
   */
  void settled(List<Rule> rules) {
    Set<InetSocketAddress> redirected = new HashSet<>();
    for (Rule rule : rules) {
      if (rule instanceof Redirect && rule.match().protocol() == Protocol.UDP) {
        int port = rule.match().ports().ranges().get(0).first();
        redirected.add(new InetSocketAddress(rule.match().to().address(), port));
      }
    }
    proxy.retain(redirected);
    redirects = redirected.size();
    refused = refusing;
    report();
  }

  private void report() {
    Map<Integer, String> without = targets.without();
    if (!without.isEmpty()) {
      String reason =
          refused
              + " UDP destinations are refused (ICMP port unreachable), SOCKS5 proxies without UDP:"
              + " "
              + without;
      // At the start a tunnel is seldom there yet; that is no reason to alarm anybody.
      health.accept(
          wasReady
              ? Health.degraded(reason, "It is tried again; see how the tunnel is.")
                  .because(Cause.NO_WAY_FOR_UDP)
              : Health.starting(reason));
    } else if (refused > 0) {
      health.accept(
          Health.degraded(
                  refused
                      + " UDP destinations are refused (ICMP port unreachable): only single addresses"
                      + " with listed ports can be carried, "
                      + UdpProxy.MOST_DESTINATIONS
                      + " of them",
                  "Give UDP routes an address and a port.")
              .because(Cause.NO_WAY_FOR_UDP));
    } else {
      wasReady = true;
      health.accept(Health.ready());
    }
  }

  /** A tunnel has changed what it can. */
  void retry() {
    targets.retry();
  }

  /** Why this SOCKS5 proxy carries no datagrams now; empty if it does. */
  String refusal(int target) {
    return targets.carries(target)
        ? ""
        : targets.without().getOrDefault(target, "no route for UDP leads to it");
  }

  JsonObject describe() {
    JsonObject json = new JsonObject();
    json.addProperty("destinations", redirects);
    json.addProperty("refused", refused);
    return json;
  }

  @Override
  public void close() {
    targets.close();
  }
}
