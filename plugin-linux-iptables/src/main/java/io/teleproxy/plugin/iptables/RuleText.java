package io.teleproxy.plugin.iptables;

import java.util.List;

/**
 * Compares rules that we wrote with rules that iptables-save printed. Versions differ in how they
 * print a rule; what makes ours what they are, its destination and its target, is printed alike.
 */
final class RuleText {
  private static final List<String> ESSENTIALS =
      List.of("-d", "-i", "-p", "-j", "--to-ports", "--match-set");

  private RuleText() {}

  static boolean same(List<String> wanted, List<String> saved) {
    if (wanted.size() != saved.size()) {
      return false;
    }
    for (int i = 0; i < wanted.size(); i++) {
      if (!same(wanted.get(i), saved.get(i))) {
        return false;
      }
    }
    return true;
  }

  static boolean same(String wanted, String saved) {
    if (wanted.equals(saved)) {
      return true;
    }
    for (String option : ESSENTIALS) {
      if (!value(wanted, option).equals(value(saved, option))) {
        return false;
      }
    }
    return true;
  }

  /** The word after an option; empty if the rule does not have it. */
  private static String value(String rule, String option) {
    int at = rule.startsWith(option + " ") ? 0 : rule.indexOf(" " + option + " ");
    if (at < 0) {
      return "";
    }
    int start = at + option.length() + (at == 0 ? 1 : 2);
    int end = rule.indexOf(' ', start);
    return end < 0 ? rule.substring(start) : rule.substring(start, end);
  }
}
