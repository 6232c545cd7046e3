package io.teleproxy.plugin.nftables;

import java.io.IOException;
import java.util.List;

/**
 * The steps in which a table with an owner comes to be; the owner is nft, and goes if one fails.
 */
final class OwnedTable {
  private OwnedTable() {}

  /**
   * Starts nft and lets it make a table that does nothing yet.
   *
   * @return the owner, with which the table goes
   * @throws IOException if the kernel has not made it as we said
   */
  static NftShell declare(NftablesSession.Starter starter, String table) throws IOException {
    NftShell owner = starter.start();
    try {
      owner.run(NftScript.declare(table).statements());
      check(owner, table);
      return owner;
    } catch (IOException e) {
      throw closed(owner, e);
    }
  }

  /** Makes a declared table carry out the rules. */
  static void fill(NftShell owner, String table, Ruleset ruleset) throws IOException {
    try {
      for (NftScript transaction : NftScript.fill(table, ruleset)) {
        owner.run(transaction.statements());
      }
    } catch (IOException e) {
      throw closed(owner, e);
    }
  }

  /** To be called before it is filled: nft 1.0.6 reads all elements to print anything at all. */
  private static void check(NftShell owner, String table) throws IOException {
    boolean owned = false;
    int hooks = 0;
    for (String line : owner.run(List.of("list table inet " + table))) {
      String text = line.trim();
      owned |= text.startsWith("flags ") && text.contains("owner");
      hooks += text.startsWith("type ") && text.contains(" hook ") ? 1 : 0;
    }
    if (!owned) {
      throw new IOException("table inet " + table + ": the kernel does not know 'flags owner'");
    }
    if (hooks != NftScript.HOOKS) {
      throw new IOException("table inet " + table + " has " + hooks + " hooks, not all");
    }
  }

  private static IOException closed(NftShell owner, IOException reason) {
    try {
      owner.close();
    } catch (IOException unclosed) {
      reason.addSuppressed(unclosed);
    }
    return reason;
  }
}
