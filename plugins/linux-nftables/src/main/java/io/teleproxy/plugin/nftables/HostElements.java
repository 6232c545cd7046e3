package io.teleproxy.plugin.nftables;

import io.teleproxy.plugin.nftables.PortVerdicts.Listed;
import io.teleproxy.spi.Ports.Range;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The elements that stand for rules of single addresses in the maps of one family. Pure. */
final class HostElements {
  /** What gets past the rejects behind it. */
  static final String PASS = "accept";

  static final String NO = "goto " + Ruleset.REFUSE;

  /** Ranges of single addresses up to this many ports become an element per port. */
  private static final int FEW = 16;

  private final Family family;
  private final Map<String, String> redirectPorts = new LinkedHashMap<>();
  private final Map<String, String> redirectAddresses = new LinkedHashMap<>();
  private final Map<String, String> rejectPorts = new LinkedHashMap<>();
  private final Map<String, String> rejectAddresses = new LinkedHashMap<>();

  HostElements(Family family) {
    this.family = family;
  }

  /** Adds the family's maps, by name: elements of key and value. */
  void addTo(Map<String, Map<String, String>> elements) {
    elements.put("redirect_ports" + family.digit(), redirectPorts);
    elements.put("redirect_addresses" + family.digit(), redirectAddresses);
    elements.put("reject_ports" + family.digit(), rejectPorts);
    elements.put("reject_addresses" + family.digit(), rejectAddresses);
  }

  /**
   * Adds the verdicts of one address and protocol.
   *
   * @param passes whether a reject comes after what is redirected
   * @return what has too many ports for elements, and needs rules
   */
  List<Listed> add(PortVerdicts group, boolean passes) {
    String key = family.text(group.prefix.address()) + " . " + group.protocol.lower();
    List<Listed> wide = new ArrayList<>(0);
    for (Listed some : group.listed) {
      Range range = some.range();
      if (range.last() - range.first() >= FEW) {
        wide.add(some);
        continue;
      }
      for (int port = range.first(); port <= range.last(); port++) {
        put(redirectPorts, rejectPorts, key + " . " + port, some.verdict(), passes);
      }
    }
    if (group.others != PortVerdicts.NONE) {
      put(redirectAddresses, rejectAddresses, key, group.others, passes);
    }
    return wide;
  }

  private static void put(
      Map<String, String> redirect,
      Map<String, String> reject,
      String key,
      int verdict,
      boolean passes) {
    if (verdict == PortVerdicts.REJECT) {
      reject.put(key, NO);
      return;
    }
    redirect.put(key, Integer.toString(verdict));
    if (passes) {
      reject.put(key, PASS);
    }
  }
}
