package io.teleproxy.plugin.iptables;

import io.teleproxy.plugin.iptables.SavedRules.SavedJump;
import io.teleproxy.plugin.iptables.SavedRules.SavedTable;
import io.teleproxy.plugin.iptables.TableRules.Jump;
import io.teleproxy.plugin.iptables.TableRules.OwnChain;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The difference between what is there and what is wanted, as input for {@code iptables-restore
 * --noflush}. Touches nothing but our own chains and the rules that lead into them. Pure.
 */
final class RestoreScript {
  private final StringBuilder text = new StringBuilder();

  private RestoreScript() {}

  /**
   * What makes the saved rules the wanted ones; empty if they are so already. A table that is not
   * there yet gets {@link TableRules#CREATED_MARK}.
   */
  static String between(SavedRules saved, List<TableRules> wanted) {
    return between(saved, wanted, NftChains.UNKNOWN);
  }

  /**
   * The same, with marks for built-in chains, too, that are not there yet in tables that are.
   *
   * @param there what the kernel has
   */
  static String between(SavedRules saved, List<TableRules> wanted, NftChains there) {
    RestoreScript script = new RestoreScript();
    Set<String> kept = new HashSet<>();
    for (TableRules rules : wanted) {
      kept.add(rules.table());
      if (missing(saved.table(rules.table()), rules, true).isPresent()) {
        List<String> marks =
            saved.tables().containsKey(rules.table())
                ? newChains(rules, there)
                : List.of(TableRules.CREATED_MARK);
        script.make(saved.table(rules.table()), rules, marks);
      }
    }
    for (Map.Entry<String, SavedTable> table : saved.tables().entrySet()) {
      if (!kept.contains(table.getKey()) && table.getValue().hasOurs()) {
        script.remove(table.getKey(), table.getValue());
      }
    }
    return script.text.toString();
  }

  /** What removes everything of ours; empty if there is nothing. */
  static String removal(SavedRules saved) {
    return between(saved, List.of());
  }

  /**
   * The first thing wanted that is not there, in words.
   *
   * @param atHead whether it counts, too, that our jumps are not the first rules of their chains
   */
  static Optional<String> missing(SavedRules saved, List<TableRules> wanted, boolean atHead) {
    for (TableRules rules : wanted) {
      Optional<String> missing = missing(saved.table(rules.table()), rules, atHead);
      if (missing.isPresent()) {
        return missing;
      }
    }
    return Optional.empty();
  }

  private static Optional<String> missing(SavedTable saved, TableRules wanted, boolean atHead) {
    long known = saved.own().keySet().stream().filter(TableRules::isMark).count();
    for (OwnChain chain : wanted.chains()) {
      List<String> there = saved.own().get(chain.name());
      if (there == null) {
        return Optional.of("table " + wanted.table() + " has no chain " + chain.name());
      }
      known++;
      if (!RuleText.same(chain.rules(), there)) {
        return Optional.of(
            "chain " + chain.name() + " of table " + wanted.table() + " has other rules");
      }
    }
    if (saved.own().size() != known) {
      return Optional.of("table " + wanted.table() + " has chains of another version");
    }
    return jumpsInPlace(saved.jumps(), wanted.jumps(), atHead)
        ? Optional.empty()
        : Optional.of("the jumps into our chains of table " + wanted.table() + " are not in place");
  }

  private static boolean jumpsInPlace(List<SavedJump> saved, List<Jump> wanted, boolean atHead) {
    if (saved.size() != wanted.size()) {
      return false;
    }
    List<Jump> left = new ArrayList<>(wanted);
    for (SavedJump jump : saved) {
      if (!left.removeIf(
          want -> want.from().equals(jump.from()) && RuleText.same(want.rule(), jump.rule()))) {
        return false;
      }
      long before = wanted.stream().filter(want -> want.from().equals(jump.from())).count();
      if (atHead && jump.position() >= before) {
        return false;
      }
    }
    return true;
  }

  private static List<String> newChains(TableRules wanted, NftChains there) {
    return wanted.jumps().stream()
        .map(Jump::from)
        .distinct()
        .filter(chain -> there.absent(wanted.table(), chain))
        .map(TableRules::createdMark)
        .toList();
  }

  private void make(SavedTable saved, TableRules wanted, List<String> marks) {
    line("*", wanted.table());
    Set<String> names = new HashSet<>();
    for (OwnChain chain : wanted.chains()) {
      names.add(chain.name());
      // Empties the chain if it is there, despite --noflush.
      line(":", chain.name(), " - [0:0]");
    }
    for (String mark : marks) {
      line(":", mark, " - [0:0]");
    }
    boolean jumps = !jumpsInPlace(saved.jumps(), wanted.jumps(), true);
    if (jumps) {
      deleteJumps(saved);
    }
    for (OwnChain chain : wanted.chains()) {
      for (String rule : chain.rules()) {
        line("-A ", chain.name(), " ", rule);
      }
    }
    deleteChains(
        saved.own().keySet().stream()
            .filter(name -> !names.contains(name) && !TableRules.isMark(name))
            .toList());
    if (jumps) {
      for (int i = wanted.jumps().size() - 1; i >= 0; i--) {
        Jump jump = wanted.jumps().get(i);
        line("-I ", jump.from(), " 1 ", jump.rule());
      }
    }
    line("COMMIT");
  }

  private void remove(String table, SavedTable saved) {
    line("*", table);
    deleteJumps(saved);
    deleteChains(List.copyOf(saved.own().keySet()));
    line("COMMIT");
  }

  private void deleteJumps(SavedTable saved) {
    for (SavedJump jump : saved.jumps()) {
      line("-D ", jump.from(), " ", jump.rule());
    }
  }

  /** Empties all before it deletes one, since they lead into each other. */
  private void deleteChains(List<String> names) {
    for (String name : names) {
      line("-F ", name);
    }
    for (String name : names) {
      line("-X ", name);
    }
  }

  private void line(String... parts) {
    for (String part : parts) {
      text.append(part);
    }
    text.append('\n');
  }
}
