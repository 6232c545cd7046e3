package io.teleproxy.plugin.nftables;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * nft statements that make one transaction. Pure.
 *
 * @param statements one per entry, without a line break or a final semicolon
 */
record NftScript(List<String> statements) {
  /** The one table that is ours. */
  static final String TABLE = "teleproxy";

  /**
   * How long a captured nameserver stays captured unless we say so again: if we hang, names resolve
   * as usual soon after.
   */
  static final int CAPTURE_SECONDS = 8;

  /** Elements of one statement: an error message repeats the statement. */
  private static final int CHUNK = 256;

  /** Statements of one transaction while a table is filled. */
  private static final int TRANSACTION = 16;

  /**
   * Before nat, after conntrack (-200), so that a new connection can be told from an open one, and
   * before others' DNAT.
   */
  private static final int REJECT_PRIORITY = -150;

  /** Just before those who use the customary -100, such as container engines. */
  private static final int REDIRECT_PRIORITY = -101;

  /** How many chains the kernel calls. */
  static final int HOOKS = 4;

  NftScript {
    statements = List.copyOf(statements);
  }

  /** Makes the table, its sets and its chains, which do nothing yet; it must not be there. */
  static NftScript declare(String table) {
    Builder script = new Builder(table);
    script.declare();
    return script.build();
  }

  /**
   * Fills the table that {@link #declare} has made: elements first, in several transactions because
   * nft needs a kilobyte of memory for each and does not give it back, then what uses them.
   */
  static List<NftScript> fill(String table, Ruleset ruleset) {
    Builder elements = new Builder(table);
    ruleset.elements.forEach(elements::add);
    List<NftScript> transactions = new ArrayList<>();
    List<String> statements = elements.statements;
    for (int from = 0; from < statements.size(); from += TRANSACTION) {
      int to = Math.min(statements.size(), from + TRANSACTION);
      transactions.add(new NftScript(statements.subList(from, to)));
    }
    Builder uses = new Builder(table);
    ruleset.nameservers.forEach(uses::addNameservers);
    ruleset.rules.forEach(uses::addRules);
    transactions.add(uses.build());
    return transactions;
  }

  static NftScript remove(String table) {
    return new NftScript(List.of("delete table inet " + table));
  }

  /** Makes one state of the table another; captured nameservers start their time anew. */
  static NftScript change(String table, Ruleset before, Ruleset after) {
    Builder script = new Builder(table);
    after.rules.forEach(
        (chain, rules) -> {
          if (!rules.equals(before.rules.get(chain))) {
            script.statements.add("flush chain inet " + table + " " + chain);
            script.addRules(chain, rules);
          }
        });
    after.elements.forEach(
        (set, elements) ->
            script.change(set, before.elements.getOrDefault(set, Map.of()), elements));
    after.nameservers.forEach(
        (set, addresses) -> {
          if (!addresses.isEmpty() || !before.nameservers.getOrDefault(set, List.of()).isEmpty()) {
            script.renewNameservers(set, addresses);
          }
        });
    return script.build();
  }

  /** Makes the elements of some maps others. */
  static NftScript changeElements(
      String table,
      Map<String, Map<String, String>> before,
      Map<String, Map<String, String>> after) {
    Builder script = new Builder(table);
    after.forEach(
        (set, elements) -> script.change(set, before.getOrDefault(set, Map.of()), elements));
    return script.build();
  }

  /** Starts the captured nameservers' time anew; empty if there are none. */
  static NftScript refresh(String table, Ruleset ruleset) {
    Builder script = new Builder(table);
    ruleset.nameservers.forEach(
        (set, addresses) -> {
          if (!addresses.isEmpty()) {
            script.renewNameservers(set, addresses);
          }
        });
    return script.build();
  }

  boolean isEmpty() {
    return statements.isEmpty();
  }

  private static final class Builder {
    private final List<String> statements = new ArrayList<>();
    private final String table;

    Builder(String table) {
      this.table = " inet " + table + " ";
    }

    NftScript build() {
      return new NftScript(statements);
    }

    void declare() {
      statements.add("add table" + table + "{ flags owner; }");
      for (Family family : Family.values()) {
        String address = family.type() + " . inet_proto";
        String port = address + " . inet_service";
        declare("map", "redirect_ports" + family.digit(), port + " : inet_service; counter");
        declare("map", "redirect_addresses" + family.digit(), address + " : inet_service; counter");
        declare("map", "reject_ports" + family.digit(), port + " : verdict; counter");
        declare("map", "reject_addresses" + family.digit(), address + " : verdict; counter");
        declare("set", "dns" + family.digit(), family.type() + "; flags timeout");
      }
      declare("set", "bridges", "ifname");
      for (String chain : List.of(Ruleset.REFUSE, Ruleset.REDIRECTS, Ruleset.REJECTS)) {
        statements.add("add chain" + table + chain);
      }
      for (String hook : List.of("output", "prerouting")) {
        declareHook("filter", hook, REJECT_PRIORITY, hook + "_rejects");
        declareHook("nat", hook, REDIRECT_PRIORITY, hook + "_redirects");
      }
    }

    private void declare(String kind, String name, String type) {
      statements.add("add " + kind + table + name + " { type " + type + "; }");
    }

    private void declareHook(String type, String hook, int priority, String chain) {
      statements.add(
          "add chain%s%s { type %s hook %s priority %d; policy accept; }"
              .formatted(table, chain, type, hook, priority));
    }

    void addRules(String chain, List<String> rules) {
      for (String rule : rules) {
        statements.add("add rule" + table + chain + " " + rule);
      }
    }

    void renewNameservers(String set, List<String> addresses) {
      statements.add("flush set" + table + set);
      addNameservers(set, addresses);
    }

    void addNameservers(String set, List<String> addresses) {
      if (!addresses.isEmpty()) {
        String timeout = " timeout " + CAPTURE_SECONDS + "s";
        statements.add(
            "add element"
                + table
                + set
                + " { "
                + String.join(timeout + ", ", addresses)
                + timeout
                + " }");
      }
    }

    void change(String set, Map<String, String> before, Map<String, String> after) {
      List<String> gone = new ArrayList<>();
      for (Map.Entry<String, String> element : before.entrySet()) {
        if (!element.getValue().equals(after.get(element.getKey()))) {
          gone.add(element.getKey());
        }
      }
      List<String> added = new ArrayList<>();
      for (Map.Entry<String, String> element : after.entrySet()) {
        if (!element.getValue().equals(before.get(element.getKey()))) {
          added.add(text(element));
        }
      }
      elements("delete", set, gone);
      elements("add", set, added);
    }

    void add(String set, Map<String, String> elements) {
      List<String> texts = new ArrayList<>(elements.size());
      for (Map.Entry<String, String> element : elements.entrySet()) {
        texts.add(text(element));
      }
      elements("add", set, texts);
    }

    private static String text(Map.Entry<String, String> element) {
      String value = element.getValue();
      return value.isEmpty() ? element.getKey() : element.getKey() + " : " + value;
    }

    private void elements(String verb, String set, List<String> elements) {
      for (int from = 0; from < elements.size(); from += CHUNK) {
        List<String> chunk = elements.subList(from, Math.min(elements.size(), from + CHUNK));
        statements.add(verb + " element" + table + set + " { " + String.join(", ", chunk) + " }");
      }
    }
  }
}
