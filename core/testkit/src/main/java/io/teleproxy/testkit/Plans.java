package io.teleproxy.testkit;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.DnsCapture;
import io.teleproxy.spi.InterceptPlan.Match;
import io.teleproxy.spi.InterceptPlan.Redirect;
import io.teleproxy.spi.InterceptPlan.Reject;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Short ways to write plans down. */
public final class Plans {
  private Plans() {}

  /** {@code redirect("tcp 10.0.0.1 80,443", 15001)}; without ports, all of them. */
  public static Rule redirect(String match, int port) {
    return new Redirect(match(match), port);
  }

  public static Rule reject(String match) {
    return new Reject(match(match));
  }

  public static InterceptPlan plan(Rule... rules) {
    return InterceptPlan.of(List.of(rules), DnsCapture.NONE, List.of());
  }

  public static InterceptPlan bridged(List<String> bridges, Rule... rules) {
    return InterceptPlan.of(List.of(rules), DnsCapture.NONE, bridges);
  }

  public static DnsCapture dns(int port, String... nameservers) {
    List<InetAddress> addresses = Stream.of(nameservers).map(Prefix::parseAddress).toList();
    return new DnsCapture(addresses, port);
  }

  /**
   * Where the core listens for a plan, and where that leads: {@code tcp/10.0.0.1/80} to {@code
   * tcp/127.0.0.1/15001}. Of the rules for one destination the first decides.
   */
  static Map<String, String> destinations(InterceptPlan plan) {
    Map<String, String> found = new LinkedHashMap<>();
    for (Rule rule : plan.rules()) {
      String protocol = rule.match().protocol().lower();
      String loopback = rule.match().to().isIpv6() ? "::1" : "127.0.0.1";
      for (Ports.Range range : rule.match().ports().ranges()) {
        for (int port = range.first(); port <= range.last(); port++) {
          found.putIfAbsent(
              protocol + "/" + rule.match().to().address().getHostAddress() + "/" + port,
              rule instanceof Redirect to ? protocol + "/" + loopback + "/" + to.port() : "");
        }
      }
    }
    found.values().removeIf(String::isEmpty);
    return found;
  }

  private static Match match(String text) {
    String[] words = text.split(" ");
    return new Match(
        Protocol.parse(words[0]),
        Prefix.parse(words[1]),
        words.length > 2 ? Ports.parse(words[2]) : Ports.ALL);
  }
}
