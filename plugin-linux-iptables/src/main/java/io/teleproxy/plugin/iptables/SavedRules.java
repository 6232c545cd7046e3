package io.teleproxy.plugin.iptables;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What iptables-save shows, as far as it concerns us: our chains, whatever leads into them, and
 * whether there is anything else. Pure.
 *
 * @param hidden tables of which something or all is not shown
 */
record SavedRules(Map<String, SavedTable> tables, Set<String> hidden) {
  /**
   * Begins what iptables-nft-save (1.8.9) says before a table that it cannot show as a whole:
   * {@code # Table `nat' is incompatible, use 'nft' tool.}
   */
  private static final String TABLE_REMARK = "# Table `";

  /** No table at all. */
  static final SavedRules NONE = new SavedRules(Map.of(), Set.of());

  /**
   * One table.
   *
   * @param own rules of our chains, without {@code -A CHAIN}
   * @param jumps rules of other chains that lead into ours
   * @param bare built-in chains without any rule or policy
   * @param foreign whether others have a chain, a rule or a policy in it
   */
  record SavedTable(
      Map<String, List<String>> own, List<SavedJump> jumps, Set<String> bare, boolean foreign) {
    boolean hasOurs() {
      return !own.isEmpty() || !jumps.isEmpty();
    }
  }

  /**
   * A rule in a chain of others that leads into one of ours.
   *
   * @param position in its chain, from 0
   * @param rule without {@code -A CHAIN}
   */
  record SavedJump(String from, int position, String rule) {}

  SavedTable table(String name) {
    SavedTable table = tables.get(name);
    return table != null ? table : new SavedTable(Map.of(), List.of(), Set.of(), false);
  }

  boolean hasOurs() {
    for (SavedTable table : tables.values()) {
      if (table.hasOurs()) {
        return true;
      }
    }
    return false;
  }

  /** Reads iptables-save's output; what it does not know, it takes for somebody else's. */
  static SavedRules parse(String saved) {
    Map<String, SavedTable> tables = new LinkedHashMap<>();
    Reading reading = new Reading();
    Set<String> hidden = new HashSet<>();
    String name = "";
    for (int start = 0; start < saved.length(); ) {
      int newline = saved.indexOf('\n', start);
      int end = newline < 0 ? saved.length() : newline;
      if (end > start) {
        char first = saved.charAt(start);
        String line = saved.substring(start, end);
        if (first == '*') {
          name = line.substring(1);
          reading = new Reading();
          reading.foreign = hidden.contains(name);
        } else if (first == ':') {
          reading.chain(line);
        } else if (line.startsWith("-A ")) {
          reading.rule(line);
        } else if (line.equals("COMMIT")) {
          tables.put(name, reading.table());
        } else if (line.startsWith(TABLE_REMARK) && line.contains("incompatible")) {
          hidden.add(line.substring(TABLE_REMARK.length(), line.indexOf('\'')));
        }
      }
      start = end + 1;
    }
    return new SavedRules(Collections.unmodifiableMap(tables), Set.copyOf(hidden));
  }

  /** The chain that a rule jumps or goes to, or what else its last option is; empty if neither. */
  static String target(String rule) {
    // Targets that are chains have no options, so the name ends the rule.
    int space = rule.lastIndexOf(' ');
    if (space < 2) {
      return "";
    }
    boolean target = rule.startsWith("-j", space - 2) || rule.startsWith("-g", space - 2);
    return target ? rule.substring(space + 1) : "";
  }

  /** One table, while its lines are read. */
  private static final class Reading {
    private final Map<String, List<String>> own = new LinkedHashMap<>();
    private final List<SavedJump> jumps = new ArrayList<>();
    private final Map<String, Integer> lengths = new LinkedHashMap<>();
    private final Set<String> bare = new HashSet<>();
    private boolean foreign;

    /** {@code :OUTPUT ACCEPT [0:0]}; chains that are not built in have the policy {@code -}. */
    void chain(String line) {
      int space = line.indexOf(' ');
      String name = space < 0 ? line.substring(1) : line.substring(1, space);
      if (TableRules.isOurs(name)) {
        own.put(name, new ArrayList<>());
      } else {
        if (line.startsWith("ACCEPT ", space + 1)) {
          bare.add(name);
        } else {
          foreign = true;
        }
      }
    }

    void rule(String line) {
      int space = line.indexOf(' ', 3);
      if (space < 0) {
        foreign = true;
        return;
      }
      String chain = line.substring(3, space);
      String rule = line.substring(space + 1);
      List<String> ours = own.get(chain);
      if (ours != null) {
        ours.add(rule);
        return;
      }
      bare.remove(chain);
      int position = lengths.merge(chain, 1, Integer::sum) - 1;
      if (TableRules.isOurs(target(rule))) {
        jumps.add(new SavedJump(chain, position, rule));
      } else {
        foreign = true;
      }
    }

    SavedTable table() {
      return new SavedTable(
          Collections.unmodifiableMap(own),
          Collections.unmodifiableList(jumps),
          Collections.unmodifiableSet(bare),
          foreign);
    }
  }
}
