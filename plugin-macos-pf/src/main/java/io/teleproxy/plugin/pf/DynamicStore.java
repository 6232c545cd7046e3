package io.teleproxy.plugin.pf;

import io.teleproxy.spi.AnsweredNames;
import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.spi.process.CommandRunner.Outcome;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Tells the system's resolver of our names: a DNS service of ours in the dynamic store of
 * SystemConfiguration, through scutil(8). Nothing is written to disk, and a restart of the machine
 * forgets it.
 *
 * <p>Capturing the nameservers' port 53 would do for most names. This is for the rest: the resolver
 * completes single words only by search domains that it knows, and may ask the network's
 * nameservers in encrypted form, which no firewall can answer.
 */
final class DynamicStore {
  /** Whom to ask for which names. Ours for any run, so that it can be removed without knowing. */
  static final String MATCH = "State:/Network/Service/teleproxy-match/DNS";

  /**
   * The same for the domains that complete names: configd takes the match domains of a service, and
   * not its search domains, into the system's search list, unless the service says that it should
   * not.
   */
  static final String SEARCH = "State:/Network/Service/teleproxy-search/DNS";

  private static final String NO_SUCH_KEY = "No such key";

  private final CommandRunner runner;
  private final String program;

  /**
   * @param program path of scutil
   */
  DynamicStore(CommandRunner runner, String program) {
    this.runner = runner;
    this.program = program;
  }

  /**
   * Has queries for these names sent to our server.
   *
   * @param port of 127.0.0.1
   */
  void set(AnsweredNames names, int port) throws IOException {
    say(script(names, port));
  }

  /** Removes what is there of ours, and returns its keys. */
  List<String> remove() throws IOException {
    List<String> removed = new ArrayList<>();
    for (String key : List.of(MATCH, SEARCH)) {
      if (!run("show " + key + "\nquit\n").contains(NO_SUCH_KEY)) {
        say("remove " + key + "\nquit\n");
        removed.add(key);
      }
    }
    return removed;
  }

  static String script(AnsweredNames names, int port) {
    List<String> others = new ArrayList<>(names.zones());
    others.addAll(names.hosts());
    others.removeAll(names.search());
    List<String> lines = new ArrayList<>();
    service(lines, MATCH, others, 1, port);
    service(lines, SEARCH, names.search(), 0, port);
    lines.add("quit");
    return String.join("\n", lines) + "\n";
  }

  private static void service(
      List<String> lines, String key, List<String> domains, int noSearch, int port) {
    if (domains.isEmpty()) {
      lines.add("remove " + key);
      return;
    }
    lines.add("d.init");
    lines.add("d.add ServerAddresses * 127.0.0.1");
    lines.add("d.add ServerPort # " + port);
    lines.add("d.add SupplementalMatchDomains * " + String.join(" ", domains));
    lines.add("d.add SupplementalMatchDomainsNoSearch # " + noSearch);
    lines.add("set " + key);
  }

  /** scutil says nothing if all went well, and ends with status 0 in any case. */
  private void say(String script) throws IOException {
    for (String line : run(script).split("\n")) {
      if (!line.isBlank() && !line.contains(NO_SUCH_KEY)) {
        throw new IOException("scutil: " + line.strip());
      }
    }
  }

  private String run(String script) throws IOException {
    Outcome outcome = runner.run(List.of(program), script);
    if (!outcome.ok()) {
      throw new IOException("scutil failed (" + outcome.complaint() + ")");
    }
    return outcome.output() + outcome.errors();
  }
}
