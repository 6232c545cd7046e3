package io.teleproxy.plugin.iptables;

import java.io.IOException;
import java.util.List;

/** A namespace whose rules can be looked at. */
final class Namespace extends io.teleproxy.testkit.Namespace {
  Namespace() throws IOException {}

  /** Both families' rules in both variants and the nftables ruleset, without counters. */
  String firewall() throws IOException {
    return saved() + withoutCounters(run("nft list ruleset"));
  }

  /** The same without the nftables ruleset, whose order is that in which things were made. */
  String saved() throws IOException {
    StringBuilder all = new StringBuilder();
    for (String variant : List.of("nft", "legacy")) {
      for (String family : List.of("iptables", "ip6tables")) {
        all.append(run(family + "-" + variant + "-save"));
      }
    }
    return withoutCounters(all.toString());
  }

  private static String withoutCounters(String rules) {
    return rules
        .replaceAll("(?m)^#.*\n", "")
        .replaceAll("\\[\\d+:\\d+]", "")
        .replaceAll("packets \\d+ bytes \\d+", "");
  }
}
