package io.teleproxy.plugin.netsh;

import io.teleproxy.spi.AnsweredNames;
import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.spi.process.CommandRunner.Outcome;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The Name Resolution Policy Table of Windows' resolver: for names of ours it asks our server, for
 * all others those that it asked before. Through PowerShell, whose commands for it, unlike netsh,
 * can add rules. Names are {@link AnsweredNames#isPlain plain}; they stand in scripts.
 */
final class NamePolicy {
  /** What the rules are known by; those of a dead run, too. */
  private static final String MARK = "teleproxy";

  /** A rule holds some fifty names. */
  private static final int NAMES_PER_RULE = 40;

  /** A command line holds 32,767 characters. */
  private static final int MOST_NAMES = 600;

  private static final String REMOVE =
      "Get-DnsClientNrptRule | Where-Object Comment -eq '"
          + MARK
          + "' | Remove-DnsClientNrptRule -Force";

  private static final String STOP_AT_FAILURE = "$ErrorActionPreference = 'Stop'; ";

  private final CommandRunner runner;
  private final String powershell;

  NamePolicy(CommandRunner runner, WindowsFolder windows) {
    this.runner = runner;
    this.powershell = windows.powershell();
  }

  /**
   * Puts rules in the place of those that were there of ours.
   *
   * @param server address of our server, which is asked on port 53
   */
  void set(AnsweredNames names, String server) throws IOException {
    run(script(names, server));
  }

  static String script(AnsweredNames names, String server) {
    Set<String> spaces = new LinkedHashSet<>();
    for (List<String> domains : List.of(names.search(), names.zones())) {
      // The domain itself is another name than those below it.
      domains.forEach(domain -> spaces.addAll(List.of("." + domain, domain)));
    }
    spaces.addAll(names.hosts());
    List<String> all = spaces.stream().limit(MOST_NAMES).toList();
    List<String> commands = new ArrayList<>(List.of(REMOVE));
    for (int from = 0; from < all.size(); from += NAMES_PER_RULE) {
      List<String> some = all.subList(from, Math.min(all.size(), from + NAMES_PER_RULE));
      commands.add(
          "Add-DnsClientNrptRule -Namespace "
              + list(some)
              + " -NameServers '"
              + server
              + "' -DisplayName '"
              + MARK
              + "' -Comment '"
              + MARK
              + "'");
    }
    commands.add("Clear-DnsClientCache");
    return STOP_AT_FAILURE + String.join("; ", commands);
  }

  /** How many rules of ours were there and are removed. */
  int remove() throws IOException {
    String told =
        run(
            STOP_AT_FAILURE
                + "$ours = @(Get-DnsClientNrptRule | Where-Object Comment -eq '"
                + MARK
                + "'); if ($ours.Count -gt 0) { "
                + REMOVE
                + "; Clear-DnsClientCache }; $ours.Count");
    try {
      return Integer.parseInt(told.strip());
    } catch (NumberFormatException e) {
      throw new IOException("PowerShell did not tell how many rules there were: " + told.strip());
    }
  }

  /** The domains that complete single words, for all connections of the machine. */
  List<String> suffixes() throws IOException {
    return run(STOP_AT_FAILURE + "(Get-DnsClientGlobalSetting).SuffixSearchList")
        .lines()
        .map(String::strip)
        .filter(AnsweredNames::isPlain)
        .toList();
  }

  void setSuffixes(List<String> suffixes) throws IOException {
    run(STOP_AT_FAILURE + "Set-DnsClientGlobalSetting -SuffixSearchList " + list(suffixes));
  }

  /** The command line that puts them back. */
  List<String> suffixesBack(List<String> suffixes) {
    return command(
        STOP_AT_FAILURE + "Set-DnsClientGlobalSetting -SuffixSearchList " + list(suffixes));
  }

  private static String list(List<String> names) {
    return "@("
        + names.stream().map(name -> "'" + name + "'").collect(Collectors.joining(","))
        + ")";
  }

  private List<String> command(String script) {
    return List.of(powershell, "-NoProfile", "-NonInteractive", "-Command", script);
  }

  private String run(String script) throws IOException {
    Outcome outcome = runner.run(command(script));
    if (!outcome.ok()) {
      throw new IOException(
          "PowerShell: "
              + script
              + " failed (exit "
              + outcome.status()
              + ": "
              + outcome.complaint()
              + ")");
    }
    return outcome.output();
  }
}
