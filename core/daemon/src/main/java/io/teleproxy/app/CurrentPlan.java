package io.teleproxy.app;

import io.teleproxy.dns.DnsServer;
import io.teleproxy.proxy.Flow;
import io.teleproxy.proxy.TransparentProxy;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Protocol;
import io.teleproxy.tables.Snapshot;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is to be intercepted now: what the tables say, for the nameservers and bridges that there
 * are, as far as there is room. Called by the reconciler's thread, but for {@link #waits} and
 * {@link #rules}.
 */
final class CurrentPlan {
  private final InterceptPlanner planner;
  private final UdpInterception udp;
  private final DnsServer dns;
  private final TransparentProxy proxy;
  private final Surroundings surroundings;
  private final @Nullable Allotment allotment;
  private final @Nullable LocalListening listening;
  private volatile int rules;

  /**
   * @param allotment null where all destinations can be intercepted at the same time
   * @param listening null where the firewall leads to one proxy
   */
  CurrentPlan(
      UdpInterception udp,
      DnsServer dns,
      TransparentProxy proxy,
      Surroundings surroundings,
      @Nullable Allotment allotment,
      @Nullable LocalListening listening) {
    this.planner = new InterceptPlanner(proxy.port(), udp, allotment != null);
    this.udp = udp;
    this.dns = dns;
    this.proxy = proxy;
    this.surroundings = surroundings;
    this.allotment = allotment;
    this.listening = listening;
  }

  InterceptPlan of(Snapshot tables) {
    InterceptPlan plan = planner.plan(tables, capture(), surroundings.bridges().names());
    return allotment == null ? plan : allotment.limit(plan, connected());
  }

  private InterceptPlan.DnsCapture capture() {
    if (listening != null && !listening.answersNames()) {
      return InterceptPlan.DnsCapture.NONE;
    }
    List<InetAddress> captured = new ArrayList<>(surroundings.nameservers().captured());
    captured.add(DnsServer.OWN_ADDRESS);
    return new InterceptPlan.DnsCapture(captured, dns.port());
  }

  private Set<InetAddress> connected() {
    Set<InetAddress> connected = new HashSet<>();
    for (Flow flow : proxy.flows()) {
      if (flow.protocol() == Protocol.TCP) {
        connected.add(flow.destination().getAddress());
      }
    }
    return connected;
  }

  /** The plan that was made last is in force, and nothing of the one before it is any more. */
  void settled(InterceptPlan plan) {
    rules = plan.rules().size();
    if (listening != null && listening.isIncomplete()) {
      listening.serve(plan);
    }
    udp.settled(planner.datagramRules(plan));
  }

  /** Whether a connection's address waits for its end, or another program has one of the ports. */
  boolean waits() {
    return (allotment != null && allotment.isHolding())
        || (listening != null && listening.isIncomplete());
  }

  /** How many rules are in force. */
  int rules() {
    return rules;
  }
}
