package io.teleproxy.plugin.nftables;

import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Protocol;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the element that decides about a destination from the kernel, with its counter. */
final class ElementCounts {
  /** {@code 10.96.7.7 . tcp . 80 counter packets 3 bytes 180 : 40211}, as nft prints it. */
  private static final Pattern ELEMENT =
      Pattern.compile("elements = \\{ (.+?) counter packets (\\d+) bytes \\d+ : (.+?) }");

  private ElementCounts() {}

  /**
   * Asks nft about this element only: the others of its map are not printed.
   *
   * @param shell one of its own, since nft remembers every line that it was told
   */
  static Optional<Interceptor.MatchedRule> of(
      NftShell shell, String table, Protocol protocol, InetSocketAddress to) throws IOException {
    for (Map.Entry<String, String> place : places(protocol, to).entrySet()) {
      List<String> answer;
      try {
        answer =
            shell.run(
                List.of(
                    "get element inet "
                        + table
                        + " "
                        + place.getKey()
                        + " { "
                        + place.getValue()
                        + " }"));
      } catch (IOException e) {
        if (!shell.alive()) {
          throw e;
        }
        // No such element: the next map.
        continue;
      }
      Matcher element = ELEMENT.matcher(String.join(" ", answer).replaceAll("\\s+", " "));
      if (element.find()) {
        String what = place.getKey().startsWith("reject") ? " " : " redirect to :";
        return Optional.of(
            new Interceptor.MatchedRule(
                "map " + place.getKey() + ": " + element.group(1) + what + element.group(3),
                Long.parseLong(element.group(2))));
      }
    }
    return Optional.empty();
  }

  /** The maps in which it may be, in the order in which they decide, with the key in each. */
  private static Map<String, String> places(Protocol protocol, InetSocketAddress to) {
    Family family = Family.of(to.getAddress());
    String address = family.text(to.getAddress()) + " . " + protocol.lower();
    String port = address + " . " + to.getPort();
    Map<String, String> places = new LinkedHashMap<>();
    // What passes a reject is redirected by the map that is asked first.
    places.put("redirect_ports" + family.digit(), port);
    places.put("reject_ports" + family.digit(), port);
    places.put("redirect_addresses" + family.digit(), address);
    places.put("reject_addresses" + family.digit(), address);
    return places;
  }
}
