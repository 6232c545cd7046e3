package io.teleproxy.plugin.iptables;

import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the rule of ours that decides about a destination in what iptables-save -c prints. Pure.
 */
final class CountedRules {
  /** {@code [3:180] -A TELEPROXY -d 10.96.7.7/32 -p tcp -m tcp --dport 80 -j REDIRECT …}. */
  private static final Pattern LINE = Pattern.compile("\\[(\\d+):\\d+] -A (\\S+) (.*)");

  private static final Pattern TO = Pattern.compile("(?:^| )-d (\\S+)");
  private static final Pattern PROTOCOL = Pattern.compile("(?:^| )-p (\\S+)");
  private static final Pattern PORTS = Pattern.compile(" --dports? (\\S+)");
  private static final Pattern SET = Pattern.compile(" --match-set (\\S+) (\\S+)");
  private static final Pattern TARGET = Pattern.compile("(?:^| )-j (\\S+)");

  private CountedRules() {}

  /**
   * The first rule that matches; in nat, and where that only lets pass what is refused, in filter.
   *
   * @param saved by {@code iptables-save -c}
   * @param inSet whether a set of this name holds an element
   */
  static Optional<Interceptor.MatchedRule> find(
      String saved, Protocol protocol, InetSocketAddress to, BiPredicate<String, String> inSet) {
    List<String> nat = new ArrayList<>();
    List<String> filter = new ArrayList<>();
    List<String> table = new ArrayList<>();
    for (String line : saved.split("\n")) {
      if (line.startsWith("*")) {
        table = line.equals("*nat") ? nat : line.equals("*filter") ? filter : new ArrayList<>();
      } else {
        table.add(line);
      }
    }
    Optional<Interceptor.MatchedRule> redirect =
        first(nat, TableRules.CHAIN, protocol, to, inSet, "REDIRECT");
    return redirect.isPresent()
        ? redirect
        : first(filter, TableRules.CHAIN, protocol, to, inSet, "REJECT");
  }

  private static Optional<Interceptor.MatchedRule> first(
      List<String> lines,
      String chain,
      Protocol protocol,
      InetSocketAddress to,
      BiPredicate<String, String> inSet,
      String wanted) {
    for (String line : lines) {
      Matcher rule = LINE.matcher(line);
      if (!rule.matches()
          || !rule.group(2).equals(chain)
          || !matches(rule.group(3), protocol, to, inSet)) {
        continue;
      }
      String target = group(TARGET, rule.group(3), 1);
      if (target.equals(SetRules.UDP_CHAIN)) {
        return first(lines, SetRules.UDP_CHAIN, protocol, to, inSet, wanted);
      }
      if (target.equals(wanted)) {
        return Optional.of(
            new Interceptor.MatchedRule(
                chain + " " + rule.group(3), Long.parseLong(rule.group(1))));
      }
      if (wanted.equals("REDIRECT")) {
        // It returns here: what is refused passes.
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  private static boolean matches(
      String rule, Protocol protocol, InetSocketAddress to, BiPredicate<String, String> inSet) {
    String prefix = group(TO, rule, 1);
    String ofProtocol = group(PROTOCOL, rule, 1);
    String ports = group(PORTS, rule, 1);
    String set = group(SET, rule, 1);
    String host = to.getAddress().getHostAddress();
    String element =
        group(SET, rule, 2).equals("dst")
            ? host
            : host + "," + protocol.lower() + ":" + to.getPort();
    return (ofProtocol.isEmpty() || ofProtocol.equals(protocol.lower()))
        && (prefix.isEmpty() || Prefix.parse(prefix).contains(to.getAddress()))
        && (ports.isEmpty() || contains(ports, to.getPort()))
        && (set.isEmpty() || inSet.test(set, element))
        && !(prefix.isEmpty() && set.isEmpty() && ofProtocol.isEmpty());
  }

  /** {@code 80,443,8000:8100}. */
  private static boolean contains(String ports, int port) {
    for (String range : ports.split(",")) {
      String[] ends = range.split(":");
      if (port >= Integer.parseInt(ends[0]) && port <= Integer.parseInt(ends[ends.length - 1])) {
        return true;
      }
    }
    return false;
  }

  private static String group(Pattern pattern, String text, int group) {
    Matcher matcher = pattern.matcher(text);
    return matcher.find() ? matcher.group(group) : "";
  }
}
