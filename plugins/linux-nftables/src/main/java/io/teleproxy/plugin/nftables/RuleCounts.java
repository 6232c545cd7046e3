package io.teleproxy.plugin.nftables;

import io.teleproxy.spi.Interceptor.MatchedRule;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the rule that decides about a destination among those that no element stands for: of
 * prefixes, and of many ports of one address. They count the first packet of each flow.
 */
final class RuleCounts {
  /**
   * {@code ip daddr 10.1.0.0/16 tcp dport { 80-90, 99 } counter packets 3 … redirect to :15001}.
   */
  private static final Pattern RULE =
      Pattern.compile(
          "ip6? daddr (\\S+) (?:meta l4proto (tcp|udp)|(tcp|udp) dport (\\{ .+? }|\\S+))"
              + "(?: counter packets (\\d+) bytes \\d+)? (redirect to :\\d+|goto refuse|accept)");

  private final List<String> redirects;
  private final List<String> rejects;

  /** Of both chains the lines that nft prints. */
  RuleCounts(List<String> redirects, List<String> rejects) {
    this.redirects = redirects;
    this.rejects = rejects;
  }

  /** Rules for exactly this address. */
  Optional<MatchedRule> ofHost(Protocol protocol, InetSocketAddress to) {
    return decides(protocol, to, Prefix::isHost);
  }

  /** Rules for more than one address. */
  Optional<MatchedRule> ofPrefix(Protocol protocol, InetSocketAddress to) {
    return decides(protocol, to, prefix -> !prefix.isHost());
  }

  private Optional<MatchedRule> decides(
      Protocol protocol, InetSocketAddress to, Predicate<Prefix> which) {
    Optional<MatchedRule> rejected = first(rejects, Ruleset.REJECTS, protocol, to, which);
    return rejected.isPresent()
        ? rejected
        : first(redirects, Ruleset.REDIRECTS, protocol, to, which);
  }

  /** Empty if what matches first lets it pass, too. */
  private static Optional<MatchedRule> first(
      List<String> lines,
      String chain,
      Protocol protocol,
      InetSocketAddress to,
      Predicate<Prefix> which) {
    for (String line : lines) {
      Matcher rule = RULE.matcher(line.trim());
      if (!rule.matches()) {
        continue;
      }
      Prefix prefix = Prefix.parse(rule.group(1));
      String ports = rule.group(4);
      String named = ports == null ? rule.group(2) : rule.group(3);
      if (which.test(prefix)
          && prefix.contains(to.getAddress())
          && protocol.lower().equals(named)
          && (ports == null || contains(ports, to.getPort()))) {
        return rule.group(6).equals(HostElements.PASS)
            ? Optional.empty()
            : Optional.of(new MatchedRule(text(chain, line), Long.parseLong(rule.group(5))));
      }
    }
    return Optional.empty();
  }

  private static String text(String chain, String line) {
    return chain + ": " + line.trim().replaceFirst(" counter packets \\d+ bytes \\d+", "");
  }

  /** In nft's words: {@code 80-90}, {@code { 80-90, 99 }}. */
  private static boolean contains(String ports, int port) {
    for (String range : ports.replaceAll("[{} ]", "").split(",")) {
      String[] ends = range.split("-");
      if (port >= Integer.parseInt(ends[0]) && port <= Integer.parseInt(ends[ends.length - 1])) {
        return true;
      }
    }
    return false;
  }
}
