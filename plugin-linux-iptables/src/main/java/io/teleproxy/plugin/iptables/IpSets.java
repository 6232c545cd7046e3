package io.teleproxy.plugin.iptables;

import io.teleproxy.plugin.iptables.FamilyRules.AddressSet;
import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.spi.process.CommandRunner.Outcome;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Our sets of one family, by ipset(8). Remembers what is in them, so that a change is sent as the
 * elements that differ. For one thread.
 */
final class IpSets {
  private static final Logger log = LoggerFactory.getLogger(IpSets.class);

  /** More than any cluster has; the kernel takes memory for what is there. */
  private static final int MOST_ELEMENTS = 1 << 22;

  private final String ipset;
  private final CommandRunner runner;
  private final Family family;

  /** What is in the kernel as far as we know. */
  private final Map<String, AddressSet> known = new TreeMap<>();

  /** Empty until it was tried. */
  private Optional<Boolean> usable = Optional.empty();

  IpSets(String ipset, CommandRunner runner, Family family) {
    this.ipset = ipset;
    this.runner = runner;
    this.family = family;
  }

  /** Whether sets can be made here, and rules of these tools can name them; tried once. */
  boolean usable(Xtables xtables) {
    if (usable.isEmpty()) {
      String why = fault(xtables);
      if (!why.isEmpty()) {
        log.info(
            "linux-iptables: without sets, each address has a rule of its own ({}; install ipset)",
            why);
      }
      usable = Optional.of(why.isEmpty());
    }
    return usable.get();
  }

  private String fault(Xtables xtables) {
    String set = SetRules.prefix(family) + "probe";
    String script =
        "*nat\n:TELEPROXY-PROBE - [0:0]\n-A TELEPROXY-PROBE -p tcp -m set --match-set "
            + set
            + " dst,dst -j REDIRECT --to-ports 1\nCOMMIT\n";
    try {
      run(create(set, "hash:ip,port"));
      try {
        Outcome test = xtables.test(script);
        return test.ok() ? "" : test.complaint();
      } finally {
        run("destroy " + set + "\n");
      }
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  /** Makes sets that are missing, and all have these elements; none is removed. */
  void fill(Map<String, AddressSet> wanted) throws IOException {
    StringBuilder script = new StringBuilder();
    wanted.forEach(
        (name, set) -> {
          AddressSet there = known.get(name);
          Set<String> elements = there == null ? Set.of() : there.elements();
          if (there == null) {
            script.append(create(name, set.type())).append("flush ").append(name).append('\n');
          }
          lines(script, "add " + name, set.elements(), elements);
          lines(script, "del " + name, elements, set.elements());
        });
    if (script.isEmpty()) {
      return;
    }
    try {
      run(script.toString());
    } catch (IOException e) {
      known.keySet().removeAll(wanted.keySet());
      throw e;
    }
    known.putAll(wanted);
  }

  /** Removes the other sets; no rule may name them any more. */
  void keepOnly(Set<String> names) {
    for (String name : List.copyOf(known.keySet())) {
      if (!names.contains(name)) {
        known.remove(name);
        try {
          run("destroy " + name + "\n");
        } catch (IOException e) {
          log.debug("linux-iptables: {}", e.getMessage());
        }
      }
    }
  }

  /** Whether a set has an element, as far as we know. */
  boolean holds(String set, String element) {
    AddressSet there = known.get(set);
    return there != null && there.elements().contains(element);
  }

  /** As below, of all that we have made. */
  Optional<String> missing() throws IOException {
    return missing(Map.copyOf(known));
  }

  /** What is not in the kernel any more, in words: sets are compared by how much is in them. */
  Optional<String> missing(Map<String, AddressSet> wanted) throws IOException {
    if (wanted.isEmpty()) {
      return Optional.empty();
    }
    Map<String, Integer> counts = counts();
    for (Map.Entry<String, AddressSet> want : wanted.entrySet()) {
      int there = counts.getOrDefault(want.getKey(), -1);
      if (there != want.getValue().elements().size()) {
        known.remove(want.getKey());
        return Optional.of(
            "set "
                + want.getKey()
                + (there < 0 ? " is gone" : " has " + there + " elements")
                + " (expected: "
                + want.getValue().elements().size()
                + ")");
      }
    }
    return Optional.empty();
  }

  /**
   * Removes all of this family's sets of ours, whoever made them.
   *
   * @return what was removed, one line each
   */
  List<String> removeAll() throws IOException {
    known.clear();
    List<String> removed = new ArrayList<>();
    for (String name : new TreeSet<>(counts().keySet())) {
      run("destroy " + name + "\n");
      removed.add("ipset " + name);
    }
    return removed;
  }

  /** Our sets by name, with the number of their elements. */
  private Map<String, Integer> counts() throws IOException {
    Outcome outcome = runner.run(List.of(ipset, "list", "-terse"));
    Map<String, Integer> counts = new HashMap<>();
    if (!outcome.ok()) {
      // A kernel without sets has none of ours.
      return counts;
    }
    String name = "";
    for (String line : outcome.output().split("\n")) {
      String value = line.substring(line.indexOf(':') + 1).trim();
      if (line.startsWith("Name:")) {
        name = value;
        if (name.startsWith(SetRules.prefix(family))) {
          counts.put(name, 0);
        }
      } else if (line.startsWith("Number of entries:")) {
        counts.replace(name, Integer.parseInt(value));
      }
    }
    return counts;
  }

  private static void lines(
      StringBuilder script, String command, Set<String> elements, Set<String> but) {
    for (String element : elements) {
      if (!but.contains(element)) {
        script.append(command).append(' ').append(element).append('\n');
      }
    }
  }

  private String create(String name, String type) {
    return "create "
        + name
        + " "
        + type
        + " family "
        + (family == Family.IPV4 ? "inet" : "inet6")
        + " maxelem "
        + MOST_ELEMENTS
        + "\n";
  }

  private void run(String script) throws IOException {
    Outcome outcome = runner.run(List.of(ipset, "-exist", "restore"), script);
    if (!outcome.ok()) {
      throw new IOException("ipset restore failed: " + outcome.complaint());
    }
  }
}
