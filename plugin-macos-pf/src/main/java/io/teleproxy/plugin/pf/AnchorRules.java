package io.teleproxy.plugin.pf;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.Match;
import io.teleproxy.spi.InterceptPlan.Redirect;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The text of our anchor, in the order that pf.conf(5) demands: tables, translation, filtering.
 *
 * <p>What a program of this machine sends only goes out, and {@code rdr} sees only what comes in.
 * So each redirection is two rules: {@code route-to lo0} turns the packet around, and {@code rdr on
 * lo0} changes its destination as it comes in there. {@code keep state} lets the answers find their
 * way through both; {@code quick} keeps rules that others load after ours from undoing it.
 */
final class AnchorRules {
  /** Every captured destination; in our anchor, so that nobody else has it. */
  private static final String TABLE = "teleproxy";

  private static final int DNS_PORT = 53;

  private final long exemptGid;
  private final Set<String> destinations = new LinkedHashSet<>();
  private final List<String> translation = new ArrayList<>();
  private final List<String> filtering = new ArrayList<>();

  private AnchorRules(long exemptGid) {
    this.exemptGid = exemptGid;
  }

  /**
   * The text for a plan; empty if there is nothing to do.
   *
   * @param exemptGid group id of our own processes
   */
  static String of(InterceptPlan plan, long exemptGid) {
    AnchorRules rules = new AnchorRules(exemptGid);
    for (InetAddress nameserver : plan.dns().nameservers()) {
      if (canBeWritten(nameserver)) {
        for (Protocol protocol : List.of(Protocol.UDP, Protocol.TCP)) {
          rules.redirect(
              new Match(protocol, Prefix.of(nameserver), Ports.of(DNS_PORT)), plan.dns().port());
        }
      }
    }
    for (Rule rule : plan.rules()) {
      if (canBeWritten(rule.match().to().address())) {
        if (rule instanceof Redirect redirect) {
          rules.redirect(rule.match(), redirect.port());
        } else {
          rules.reject(rule.match());
        }
      }
    }
    return rules.text();
  }

  /** A link-local address means nothing without its interface, which plans do not name. */
  private static boolean canBeWritten(InetAddress address) {
    return address.getAddress().length == 4 || !address.isLinkLocalAddress();
  }

  private void redirect(Match match, int port) {
    String loopback = match.to().isIpv6() ? "::1" : "127.0.0.1";
    // What is on loopback already has a loopback address for its source.
    String source = match.to().address().isLoopbackAddress() ? "any" : "! " + loopback;
    translation.add(
        "rdr pass on lo0 %s from %s to %s -> %s port %d"
            .formatted(packets(match), source, destination(match), loopback, port));
    filtering.add(
        "pass out quick route-to lo0 %s from any to %s keep state"
            .formatted(packets(match), destination(match)));
    destinations.add(match.to().toString());
  }

  private void reject(Match match) {
    filtering.add(
        "block return out quick %s from any to %s".formatted(packets(match), destination(match)));
    destinations.add(match.to().toString());
  }

  /** Family and protocol. */
  private static String packets(Match match) {
    return (match.to().isIpv6() ? "inet6" : "inet") + " proto " + match.protocol().lower();
  }

  private static String destination(Match match) {
    String to = match.to().toString();
    return match.ports().isAll() ? to : to + " port " + ports(match.ports());
  }

  /** {@code 80}, or {@code { 80, 8000:8010 }}. */
  private static String ports(Ports ports) {
    String list =
        ports.ranges().stream()
            .map(
                range ->
                    range.first() == range.last()
                        ? Integer.toString(range.first())
                        : range.first() + ":" + range.last())
            .collect(Collectors.joining(", "));
    return ports.ranges().size() == 1 && !list.contains(":") ? list : "{ " + list + " }";
  }

  private String text() {
    if (filtering.isEmpty()) {
      return "";
    }
    List<String> lines = new ArrayList<>();
    lines.add("table <" + TABLE + "> { " + String.join(", ", destinations) + " }");
    lines.addAll(translation);
    lines.add("pass out quick proto { tcp, udp } from any to <" + TABLE + "> group " + exemptGid);
    lines.addAll(filtering);
    // The last line needs its end, or pfctl takes it for a syntax error.
    return String.join("\n", lines) + "\n";
  }
}
