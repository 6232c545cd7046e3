package io.teleproxy.plugin.iptables;

import io.teleproxy.plugin.iptables.SavedRules.SavedTable;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Protocol;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Our part of one family's firewall: read, changed, read back. For one thread. */
final class FamilyFirewall {
  private static final Logger log = LoggerFactory.getLogger(FamilyFirewall.class);

  /**
   * What iptables-restore says when it is to empty a chain that is not there: the nf_tables variant
   * and the legacy one (1.8.9), and both where the kernel does not know them at all.
   */
  private static final List<String> NONE_THERE =
      List.of("No chain/target/match by that name", "line 2 failed", "initialize", "not supported");

  private final Xtables xtables;
  private final Optional<IpSets> sets;

  FamilyFirewall(Xtables xtables) {
    this(xtables, Optional.empty());
  }

  /**
   * @param sets of the family, where there is ipset(8)
   */
  FamilyFirewall(Xtables xtables, Optional<IpSets> sets) {
    this.xtables = xtables;
    this.sets = sets;
  }

  /** Whether rules may name sets here. */
  boolean hasSets() {
    return sets.isPresent() && sets.get().usable(xtables);
  }

  Family family() {
    return xtables.family();
  }

  /** The rule of ours that decides about a destination of this family, as the kernel has it. */
  Optional<Interceptor.MatchedRule> matching(Protocol protocol, InetSocketAddress to)
      throws IOException {
    return CountedRules.find(
        xtables.readCounted(),
        protocol,
        to,
        (set, element) -> sets.isPresent() && sets.get().holds(set, element));
  }

  /**
   * The same for rules that name sets: no rule is ever there without them.
   *
   * @param last those that were in force; empty if that is not known
   * @return what of the last ones was not there any more, in words
   */
  Optional<String> make(FamilyRules wanted, List<TableRules> last) throws IOException {
    if (sets.isPresent()) {
      sets.get().fill(wanted.sets());
    }
    Optional<String> lost = make(wanted.tables(), last);
    sets.ifPresent(all -> all.keepOnly(wanted.sets().keySet()));
    return lost;
  }

  /**
   * Makes our rules the wanted ones, by one restore, or none if they are so already.
   *
   * @throws IOException if that failed or something is missing afterwards
   */
  private Optional<String> make(List<TableRules> wanted, List<TableRules> last) throws IOException {
    SavedRules before = xtables.read();
    Optional<String> lost =
        last.isEmpty() ? Optional.empty() : RestoreScript.missing(before, last, false);
    String script = RestoreScript.between(before, wanted);
    if (script.isEmpty()) {
      return lost;
    }
    if (reachesNewChains(before, wanted)) {
      script = RestoreScript.between(before, wanted, xtables.readNft());
    }
    xtables.restore(script);
    SavedRules after = xtables.read();
    // Not at the head any more is somebody else's doing since, and no failure of ours.
    Optional<String> missing = RestoreScript.missing(after, wanted, false);
    if (missing.isPresent()) {
      throw new IOException(
          xtables.name()
              + " accepted our rules, but "
              + missing.get()
              + ". Another firewall tool has removed them at the same moment; end it, or retry.");
    }
    removeCreated(before, after);
    return lost;
  }

  /** Whether somebody else has changed what is in our sets; takes no look at the rules. */
  boolean hasLostElements() throws IOException {
    return sets.isPresent() && sets.get().missing().isPresent();
  }

  /** What of the wanted rules and sets is not there, in words. */
  Optional<String> missing(FamilyRules wanted) throws IOException {
    Optional<String> missing = missing(wanted.tables());
    return missing.isPresent() || sets.isEmpty() ? missing : sets.get().missing(wanted.sets());
  }

  /** What of the wanted rules is not there, in words. */
  Optional<String> missing(List<TableRules> wanted) throws IOException {
    return RestoreScript.missing(xtables.read(), wanted, true);
  }

  /**
   * Removes everything of ours, whoever made it and however often, each step in spite of the
   * others' failure.
   *
   * @return what was removed, one line each
   * @throws IOException naming what is left
   */
  List<String> removeAll() throws IOException {
    SavedRules before;
    try {
      before = xtables.read();
    } catch (IOException e) {
      return removeUnread(e);
    }
    if (!before.hasOurs()) {
      return sets.isPresent() ? sets.get().removeAll() : List.of();
    }
    List<IOException> failures = new ArrayList<>();
    String script = RestoreScript.removal(removeCreatedTables(before));
    try {
      if (!script.isEmpty()) {
        xtables.restore(script);
      }
    } catch (IOException e) {
      failures.add(e);
      stepByStep(script, failures);
    }
    SavedRules after = xtables.read();
    if (after.hasOurs()) {
      IOException left =
          new IOException(xtables.name() + ": not removed: " + String.join(", ", describe(after)));
      failures.forEach(left::addSuppressed);
      throw left;
    }
    removeCreated(before, after);
    List<String> removed = describe(before);
    if (sets.isPresent()) {
      removed.addAll(sets.get().removeAll());
    }
    return removed;
  }

  /**
   * Leaves all traffic alone without looking: rules of others that iptables-nft does not understand
   * keep it from reading a table, and from deleting jumps, but not from emptying our chains.
   *
   * @param unreadable why nothing can be read
   * @return nothing, if none of our chains is there
   */
  private List<String> removeUnread(IOException unreadable) throws IOException {
    List<String> emptied = new ArrayList<>();
    List<String> unknown = new ArrayList<>();
    for (String table : TableRules.TABLES) {
      for (String chain : List.of(TableRules.OUTPUT_CHAIN, TableRules.CHAIN)) {
        try {
          xtables.restore("*" + table + "\n-F " + chain + "\nCOMMIT\n");
          emptied.add(table + " " + chain);
        } catch (IOException e) {
          if (NONE_THERE.stream().noneMatch(String.valueOf(e.getMessage())::contains)) {
            unknown.add(table + " " + chain);
            unreadable.addSuppressed(e);
          }
        }
      }
    }
    if (emptied.isEmpty() && unknown.isEmpty()) {
      log.debug(
          "linux-iptables: {} has nothing of ours: {}", xtables.name(), unreadable.toString());
      return List.of();
    }
    throw new IOException(
        xtables.name()
            + ": "
            + (emptied.isEmpty()
                ? "whether something of ours is left is not known"
                : "our chains were emptied, but not removed (" + String.join(", ", emptied) + ")")
            + ", because its rules cannot be read: "
            + unreadable.getMessage(),
        unreadable);
  }

  private void stepByStep(String script, List<IOException> failures) {
    String table = "";
    for (String line : script.split("\n")) {
      if (line.startsWith("*")) {
        table = line;
      } else if (!line.equals("COMMIT")) {
        try {
          xtables.restore(table + "\n" + line + "\nCOMMIT\n");
        } catch (IOException e) {
          failures.add(e);
        }
      }
    }
  }

  /** Whether there will be jumps from built-in chains of others' tables that had none before. */
  private static boolean reachesNewChains(SavedRules before, List<TableRules> wanted) {
    for (TableRules rules : wanted) {
      SavedTable table = before.table(rules.table());
      if (before.tables().containsKey(rules.table())
          && !table.own().containsKey(TableRules.CREATED_MARK)
          && rules.jumps().stream().anyMatch(jump -> table.bare().contains(jump.from()))) {
        return true;
      }
    }
    return false;
  }

  /**
   * Removes in one go what only we had made, marks and all: who dies between two steps leaves
   * nothing that nobody knows the origin of.
   *
   * @return what is there after that
   */
  private SavedRules removeCreatedTables(SavedRules before) throws IOException {
    boolean removed = false;
    for (Map.Entry<String, SavedTable> table : before.tables().entrySet()) {
      if (table.getValue().own().containsKey(TableRules.CREATED_MARK)
          && !table.getValue().foreign()) {
        try {
          xtables.removeTable(table.getKey());
          removed = true;
        } catch (IOException e) {
          log.debug("linux-iptables: table {} stays for now: {}", table.getKey(), e.getMessage());
        }
      }
    }
    return removed ? xtables.read() : before;
  }

  /** Tables and built-in chains whose marks are gone and that hold nothing of others. */
  private void removeCreated(SavedRules before, SavedRules after) throws IOException {
    for (Map.Entry<String, SavedTable> table : before.tables().entrySet()) {
      SavedTable now = after.table(table.getKey());
      if (table.getValue().own().containsKey(TableRules.CREATED_MARK)
          && after.tables().containsKey(table.getKey())
          && !now.hasOurs()
          && !now.foreign()) {
        xtables.removeTable(table.getKey());
      } else {
        removeCreatedChains(table.getKey(), table.getValue(), now);
      }
    }
  }

  private void removeCreatedChains(String table, SavedTable before, SavedTable now) {
    for (String mark : before.own().keySet()) {
      String chain = TableRules.createdChain(mark);
      if (!chain.isEmpty() && !now.own().containsKey(mark) && now.bare().contains(chain)) {
        try {
          xtables.restore("*" + table + "\n-X " + chain + "\nCOMMIT\n");
        } catch (IOException e) {
          // Refused if somebody uses it since: then it is theirs.
          log.debug("linux-iptables: chain {} of table {} stays: {}", chain, table, e.getMessage());
        }
      }
    }
  }

  private List<String> describe(SavedRules saved) {
    List<String> lines = new ArrayList<>();
    for (Map.Entry<String, SavedTable> table : saved.tables().entrySet()) {
      String where = xtables.name() + " table " + table.getKey();
      table
          .getValue()
          .own()
          .forEach(
              (name, rules) -> lines.add(where + " chain " + name + " " + count(rules.size())));
      table
          .getValue()
          .jumps()
          .forEach(jump -> lines.add(where + " rule " + jump.from() + " " + jump.rule()));
    }
    return lines;
  }

  private static String count(int rules) {
    return rules == 1 ? "(1 rule)" : "(" + rules + " rules)";
  }
}
