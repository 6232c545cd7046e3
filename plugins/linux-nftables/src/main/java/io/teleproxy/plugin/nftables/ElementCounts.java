package io.teleproxy.plugin.nftables;

import io.teleproxy.spi.Interceptor.MatchedRule;
import io.teleproxy.spi.Protocol;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads what decides about a destination from the kernel, with its counter. */
final class ElementCounts {
  /** {@code 10.96.7.7 . tcp . 80 counter packets 3 bytes 180 : 40211}, as nft prints it. */
  private static final Pattern ELEMENT =
      Pattern.compile("elements = \\{ (.+?) counter packets (\\d+) bytes \\d+ : (.+?) }");

  private ElementCounts() {}

  /**
   * The element or rule that decides.
   *
   * @param shell one of its own, since nft remembers every line that it was told
   */
  static Optional<MatchedRule> of(
      NftShell shell, String table, Protocol protocol, InetSocketAddress to) throws IOException {
    Family family = Family.of(to.getAddress());
    String address = family.text(to.getAddress()) + " . " + protocol.lower();
    Optional<MatchedRule> ofPort =
        element(shell, table, "_ports" + family.digit(), address + " . " + to.getPort());
    if (ofPort.isPresent()) {
      return ofPort;
    }
    RuleCounts rules =
        new RuleCounts(
            shell.run(List.of("list chain inet " + table + " " + Ruleset.REDIRECTS)),
            shell.run(List.of("list chain inet " + table + " " + Ruleset.REJECTS)));
    Optional<MatchedRule> ofHost = rules.ofHost(protocol, to);
    if (ofHost.isPresent()) {
      return ofHost;
    }
    Optional<MatchedRule> ofAddress = element(shell, table, "_addresses" + family.digit(), address);
    return ofAddress.isPresent() ? ofAddress : rules.ofPrefix(protocol, to);
  }

  /**
   * Asks nft about this element only: the others of its map are not printed. What passes a reject
   * is redirected by the map that is asked first.
   */
  private static Optional<MatchedRule> element(
      NftShell shell, String table, String maps, String key) throws IOException {
    for (String map : List.of("redirect" + maps, "reject" + maps)) {
      List<String> answer;
      try {
        answer = shell.run(List.of("get element inet " + table + " " + map + " { " + key + " }"));
      } catch (IOException e) {
        if (!shell.alive()) {
          throw e;
        }
        // No such element: the next map.
        continue;
      }
      Matcher element = ELEMENT.matcher(String.join(" ", answer).replaceAll("\\s+", " "));
      if (element.find()) {
        String what = map.startsWith("reject") ? " " : " redirect to :";
        return Optional.of(
            new MatchedRule(
                "map " + map + ": " + element.group(1) + what + element.group(3),
                Long.parseLong(element.group(2))));
      }
    }
    return Optional.empty();
  }
}
