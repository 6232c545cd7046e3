package io.teleproxy.plugin.iptables;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What we want of one family.
 *
 * @param sets by name, which the rules of the tables name; empty: all is in the rules
 */
record FamilyRules(List<TableRules> tables, Map<String, AddressSet> sets) {
  /**
   * One ipset.
   *
   * @param type {@code hash:ip,port} or {@code hash:ip}
   * @param elements as ipset(8) takes them
   */
  record AddressSet(String type, Set<String> elements) {}
}
