package io.teleproxy.app;

import io.teleproxy.spi.Health;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Protocol;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** How a destination that has a route is reached: firewall, tunnel, and the far end itself. */
final class Passage {
  private final Interception opened;
  private final Components components;
  private final Protocol protocol;
  private final Steps steps;

  Passage(Interception opened, Components components, Protocol protocol, Steps steps) {
    this.opened = opened;
    this.components = components;
    this.protocol = protocol;
    this.steps = steps;
  }

  /**
   * How the firewall is, and which of its rules matches, with its count.
   *
   * @param target 0 where no route leads
   * @return whether what matches is led on
   */
  boolean firewall(InetSocketAddress to, int target) {
    Health health = components.all().get("firewall");
    if (health != null && health.state() != Health.State.READY) {
      steps.broken("firewall", opened.backend() + ": " + health.reason(), health.remedy());
      return false;
    }
    if (target > 0 && !isIntercepted(to)) {
      return false;
    }
    steps.ok(
        "firewall",
        opened.backend()
            + ": "
            + opened.rules()
            + " rules in force; "
            + (to.getPort() == 0 ? lead() : rule(to)));
    return true;
  }

  private String lead() {
    return opened.listening() == null
        ? "what they match goes to the proxy on port " + opened.proxy().port()
        : "what they match is listened at, on addresses of this machine";
  }

  private String rule(InetSocketAddress to) {
    try {
      Optional<Interceptor.MatchedRule> rule = opened.matching(protocol, to);
      return rule.map(
              found ->
                  "this one has matched "
                      + found.flows()
                      + (found.flows() == 1 ? " new flow: " : " new flows: ")
                      + found.rule())
          .orElseGet(this::lead);
    } catch (IOException e) {
      return lead() + " (its rules cannot be read: " + e.getMessage() + ")";
    }
  }

  /** Always so, but where each destination takes a listener of its own. */
  private boolean isIntercepted(InetSocketAddress to) {
    Allotment allotment = opened.allotment();
    if (allotment == null || protocol == Protocol.UDP) {
      return true;
    }
    Unserved unserved = Unserved.of(to, allotment, opened.listening(), opened.tables());
    if (unserved != null) {
      steps.broken("listener", opened.backend() + ": " + unserved.reason(), unserved.remedy());
    }
    return unserved == null;
  }

  /** The tunnel, where the SOCKS5 proxy is ours, and an attempt. */
  void through(InetSocketAddress to, int target) {
    boolean own = opened.isOwnTarget(target);
    if (own && !tunnels()) {
      return;
    }
    if (protocol == Protocol.UDP) {
      datagrams(to, target, own);
    } else {
      connect(to, target, own);
    }
  }

  private boolean tunnels() {
    for (Map.Entry<String, Health> one : components.all().entrySet()) {
      if (one.getKey().startsWith("tunnel ")) {
        Health health = one.getValue();
        String state = health.state().name().toLowerCase(Locale.ROOT);
        String text = (one.getKey() + ": " + state + " " + health.reason()).strip();
        if (health.state() == Health.State.FAILED) {
          steps.broken("tunnel", text, health.remedy());
          return false;
        }
        Map<String, String> details = components.details(one.getKey());
        steps.ok("tunnel", text + (details.isEmpty() ? "" : " " + details));
      }
    }
    return true;
  }

  private void connect(InetSocketAddress to, int target, boolean own) {
    SocksProbe.Outcome outcome = SocksProbe.connect(target, to);
    String what = FlowView.text(to) + " through the SOCKS5 proxy on port " + target;
    if (outcome.failure().isEmpty()) {
      steps.ok("far end", what + " accepted the connection", outcome.millis());
      return;
    }
    steps.broken(
        "far end",
        what + ": " + outcome.failure() + " after " + outcome.millis() + " ms",
        switch (outcome.reply()) {
          case 5 -> "Nothing listens there: look at the pod's own log and ports.";
          case 2 -> "A permission is missing: 'teleproxy status' says which.";
          case 3, 4, 6 -> "The pod or the way to it does not answer: see 'teleproxy status'.";
          default ->
              own
                  ? "See the tunnel in 'teleproxy status'."
                  : "Start the SOCKS5 proxy that the table names, on 127.0.0.1:" + target + ".";
        });
  }

  /** Nobody knows of a datagram whether it arrives; but whether it is taken. */
  private void datagrams(InetSocketAddress to, int target, boolean own) {
    String refusal = opened.udp().refusal(target);
    if (refusal.isEmpty()) {
      steps.ok(
          "far end",
          FlowView.text(to)
              + ": the SOCKS5 proxy on port "
              + target
              + " takes datagrams; whether somebody answers, only an answer tells");
    } else {
      steps.broken(
          "far end",
          "the SOCKS5 proxy on port "
              + target
              + " takes no datagrams ("
              + refusal
              + "); the firewall refuses them",
          own
              ? "UDP needs the agent: see it, and the tunnel, in 'teleproxy status'."
              : "Use a SOCKS5 proxy that has UDP ASSOCIATE.");
    }
  }
}
