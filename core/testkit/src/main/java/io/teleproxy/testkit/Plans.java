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
import java.util.List;
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

  private static Match match(String text) {
    String[] words = text.split(" ");
    return new Match(
        Protocol.parse(words[0]),
        Prefix.parse(words[1]),
        words.length > 2 ? Ports.parse(words[2]) : Ports.ALL);
  }
}
