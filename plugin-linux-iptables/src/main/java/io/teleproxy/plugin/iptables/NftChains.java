package io.teleproxy.plugin.iptables;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The chains that the nf_tables kernel really has. iptables-nft-save shows all built-in chains of a
 * table although iptables-nft makes each on its first use only, and never unmakes it (1.8.9); nft
 * tells the difference. Pure.
 *
 * @param chains by table, of one family
 */
record NftChains(Map<String, Set<String>> chains) {
  /** Where nothing is known, nothing counts as absent. */
  static final NftChains UNKNOWN = new NftChains(Map.of());

  /** Reads the output of {@code nft list chains ip}. */
  static NftChains parse(String listed) {
    Map<String, Set<String>> chains = new HashMap<>();
    Set<String> current = new HashSet<>();
    for (String line : listed.split("\n")) {
      String[] words = line.trim().split(" ");
      if (words.length >= 4 && words[0].equals("table")) {
        current = chains.computeIfAbsent(words[2], table -> new HashSet<>());
      } else if (words.length >= 3 && words[0].equals("chain")) {
        current.add(words[1]);
      }
    }
    return new NftChains(chains);
  }

  /** Whether the table is there and this chain of it is not. */
  boolean absent(String table, String chain) {
    Set<String> there = chains.get(table);
    return there != null && !there.contains(chain);
  }
}
