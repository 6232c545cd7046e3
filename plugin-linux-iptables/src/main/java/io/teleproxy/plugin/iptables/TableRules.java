package io.teleproxy.plugin.iptables;

import java.util.List;

/**
 * What we want in one table of one family.
 *
 * @param table {@code nat} or {@code filter}
 * @param chains our own chains, none that is empty
 * @param jumps rules in built-in chains that lead into ours, to stand at their head
 */
record TableRules(String table, List<OwnChain> chains, List<Jump> jumps) {
  /**
   * Where redirects live. Its chains see only the first packet of a connection; conntrack does the
   * rest.
   */
  static final String NAT = "nat";

  /**
   * Where rejects live: REJECT is not allowed in nat. In OUTPUT it comes after nat (priority 0
   * after -100), so redirected packets have lost their destination here.
   */
  static final String FILTER = "filter";

  static final List<String> TABLES = List.of(NAT, FILTER);

  /** The plan's rules, shared by local processes and containers. */
  static final String CHAIN = "TELEPROXY";

  /** What only local processes have: the exemption of our own group. Leads to {@link #CHAIN}. */
  static final String OUTPUT_CHAIN = "TELEPROXY-OUTPUT";

  /**
   * An empty chain that says: this table did not exist before us. So a later run knows, too, that
   * it may be removed once it is empty; iptables-nft makes tables on first use, and never unmakes
   * them.
   */
  static final String CREATED_MARK = "TELEPROXY-CREATED";

  /**
   * The same for a built-in chain of a table that others have made. With the longest name,
   * PREROUTING, these are the 28 characters that a chain's name may have.
   */
  static String createdMark(String builtIn) {
    return CREATED_MARK + "-" + builtIn;
  }

  /** The built-in chain that a mark speaks of; empty if it is none, or that of a table. */
  static String createdChain(String mark) {
    return mark.startsWith(CREATED_MARK + "-") ? mark.substring(CREATED_MARK.length() + 1) : "";
  }

  /** Whether an own chain is a mark of either kind. */
  static boolean isMark(String chain) {
    return chain.equals(CREATED_MARK) || !createdChain(chain).isEmpty();
  }

  /**
   * @param rules in iptables-save's form, without {@code -A CHAIN}
   */
  record OwnChain(String name, List<String> rules) {}

  /**
   * @param from built-in chain
   * @param rule in iptables-save's form, without {@code -A CHAIN}
   */
  record Jump(String from, String rule) {}

  /** Whether a chain of that name is ours, this version's or another's. */
  static boolean isOurs(String chain) {
    return chain.startsWith(CHAIN)
        && (chain.length() == CHAIN.length() || chain.charAt(CHAIN.length()) == '-');
  }
}
