package io.teleproxy.plugin.iptables;

import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.spi.process.CommandRunner.Outcome;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The iptables tools of one family and one variant.
 *
 * @param command {@code iptables}, {@code ip6tables-legacy} …
 * @param lockWait seconds to wait for the xtables lock; iptables-nft has none and ignores it
 * @param nft the nft command if there is one
 */
record Xtables(
    Family family,
    Path command,
    Path save,
    Path restore,
    Optional<Path> nft,
    int lockWait,
    CommandRunner runner) {
  /** Exit status of iptables when somebody else holds the xtables lock. */
  private static final int LOCK_HELD = 4;

  /**
   * Finds the tools.
   *
   * @param variant {@code iptables}, {@code iptables-nft} or {@code iptables-legacy}; IPv6 tools
   *     are found by the same ending
   * @param executables path of an executable by its name
   * @return empty if one of the three is missing
   */
  static Optional<Xtables> find(
      Family family,
      String variant,
      int lockWait,
      Function<String, Optional<Path>> executables,
      CommandRunner runner) {
    String name = family.command() + variant.substring(Family.IPV4.command().length());
    Optional<Path> command = executables.apply(name);
    Optional<Path> save = executables.apply(name + "-save");
    Optional<Path> restore = executables.apply(name + "-restore");
    if (command.isEmpty() || save.isEmpty() || restore.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Xtables(
            family,
            command.get(),
            save.get(),
            restore.get(),
            executables.apply("nft"),
            lockWait,
            runner));
  }

  /** The command's name, for messages. */
  String name() {
    return String.valueOf(command.getFileName());
  }

  Outcome run(String... arguments) throws IOException {
    List<String> line = new ArrayList<>(arguments.length + 1);
    line.add(command.toString());
    line.addAll(List.of(arguments));
    return runner.run(line);
  }

  /**
   * Reads all tables that there are. Makes none.
   *
   * @throws IOException also if one of our tables cannot be shown because somebody has made it with
   *     nft in a way that iptables does not know
   */
  SavedRules read() throws IOException {
    Outcome outcome = runner.run(List.of(save.toString()));
    if (!outcome.ok()) {
      throw failure(save, outcome, "");
    }
    SavedRules saved = SavedRules.parse(outcome.output());
    for (String table : TableRules.TABLES) {
      if (saved.hidden().contains(table) && !saved.tables().containsKey(table)) {
        throw new IOException(
            save.getFileName()
                + ": table "
                + table
                + " was made by nft in a way that iptables cannot show. Remove it, or set"
                + " plugins.linux-iptables.command = iptables-legacy.");
      }
    }
    return saved;
  }

  /** All rules with their counters, as {@code iptables-save -c} prints them. */
  String readCounted() throws IOException {
    Outcome outcome = runner.run(List.of(save.toString(), "-c"));
    if (!outcome.ok()) {
      throw failure(save, outcome, "");
    }
    return outcome.output();
  }

  /** The chains that nf_tables has in the kernel, as far as that can be known. */
  NftChains readNft() throws IOException {
    if (nft.isEmpty()) {
      return NftChains.UNKNOWN;
    }
    List<String> line = List.of(nft.get().toString(), "list", "chains", family.nft());
    Outcome outcome = runner.run(line);
    return outcome.ok() ? NftChains.parse(outcome.output()) : NftChains.UNKNOWN;
  }

  /** Carries out a script, one atomic change per table; leaves alone what it does not name. */
  void restore(String script) throws IOException {
    Outcome outcome = runner.run(restoreCommand("--noflush"), script);
    if (!outcome.ok()) {
      throw failure(restore, outcome, script);
    }
  }

  /** Whether the kernel and the tools know all that a script uses; changes nothing. */
  Outcome test(String script) throws IOException {
    return runner.run(restoreCommand("--test", "--noflush"), script);
  }

  /**
   * Removes a table as a whole, built-in chains and all; to be called only if there is nothing of
   * others in it. iptables-nft has no other way: a restore without --noflush starts by deleting the
   * table (iptables 1.8.9), and has nothing to put in its place.
   */
  void removeTable(String table) throws IOException {
    Outcome outcome = runner.run(restoreCommand(), "*" + table + "\nCOMMIT\n");
    if (!outcome.ok()) {
      throw failure(restore, outcome, "");
    }
  }

  private List<String> restoreCommand(String... options) {
    List<String> line = new ArrayList<>(options.length + 3);
    line.add(restore.toString());
    line.addAll(List.of(options));
    line.add("-w");
    line.add(Integer.toString(lockWait));
    return line;
  }

  private static IOException failure(Path tool, Outcome outcome, String script) {
    String error = outcome.complaint();
    return new IOException(
        tool.getFileName()
            + " failed (exit "
            + outcome.status()
            + ": "
            + (error.isEmpty() ? "no message" : error)
            + scriptLine(outcome.errors(), script)
            + "). "
            + remedy(outcome));
  }

  private static String remedy(Outcome outcome) {
    if (outcome.status() == LOCK_HELD) {
      return "Another firewall tool is running; retry, or set plugins.linux-iptables.lock-wait to"
          + " more seconds.";
    }
    if (outcome.errors().contains("Permission denied")) {
      return "Run it as root.";
    }
    return "'teleproxy cleanup' removes what is left of ours; if it happens again, try another"
        + " variant with plugins.linux-iptables.command = iptables-legacy or iptables-nft.";
  }

  /** The line that the tool complains of: {@code line 7 failed}, {@code occurred at line: 7}. */
  private static String scriptLine(String errors, String script) {
    int at = errors.indexOf("line");
    if (at < 0 || script.isEmpty()) {
      return "";
    }
    int digit = at + 4;
    while (digit < errors.length()
        && (errors.charAt(digit) == ' ' || errors.charAt(digit) == ':')) {
      digit++;
    }
    int number = 0;
    while (digit < errors.length() && Character.isDigit(errors.charAt(digit)) && number < 1 << 24) {
      number = number * 10 + Character.digit(errors.charAt(digit++), 10);
    }
    String[] lines = script.split("\n");
    return number >= 1 && number <= lines.length ? ", at '" + lines[number - 1] + "'" : "";
  }
}
