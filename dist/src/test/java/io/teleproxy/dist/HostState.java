package io.teleproxy.dist;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Everything on a machine that the product could leave behind: firewall, addresses, routes,
 * sockets, processes, files. Two states of an untouched machine are equal.
 */
record HostState(Map<String, List<String>> sections) {
  /** What lives its own life, whoever runs, other tests on this machine among it. */
  private static final List<String> BUSY =
      List.of("/run/netns", "/run/containerd", "/run/lock", "/run/xtables.lock", "/etc/containers");

  static HostState of(Namespace namespace) {
    Map<String, List<String>> sections = new TreeMap<>();
    for (String command :
        List.of(
            "iptables-save",
            "ip6tables-save",
            "nft list ruleset",
            "ipset list -n",
            "ip rule",
            "ip -6 rule",
            "ip route show table all",
            "ip -6 route show table all",
            "ip -o address",
            "ss -H -l -n -t -u")) {
      sections.put(command, output(namespace, command));
    }
    sections.put("translated UDP flows", translated(namespace));
    sections.put("processes in the namespace", processes(namespace.processes()));
    sections.put("/etc", files(namespace, Path.of("/etc"), 8, true));
    sections.put("/run", files(namespace, Path.of("/run"), 2, false));
    return new HostState(sections);
  }

  private static List<String> output(Namespace namespace, String command) {
    return namespace.command(command.split(" ")).run().succeeded().lines().stream()
        .filter(line -> !line.startsWith("#"))
        .map(HostState::withoutCounters)
        .toList();
  }

  /**
   * What conntrack translates of UDP: who keeps his socket would be led to somebody who is gone. A
   * line has the destination before translation, and as source of the answers that after it.
   */
  private static List<String> translated(Namespace namespace) {
    Pattern ends =
        Pattern.compile(" dst=(\\S+) sport=\\S+ dport=(\\S+) .*src=(\\S+) dst=\\S+ sport=(\\S+) ");
    List<String> flows = new ArrayList<>();
    for (String family : List.of("ipv4", "ipv6")) {
      Matcher flow =
          ends.matcher(namespace.command("conntrack", "-L", "-p", "udp", "-f", family).run().out());
      while (flow.find()) {
        if (!flow.group(1).equals(flow.group(3)) || !flow.group(2).equals(flow.group(4))) {
          flows.add(flow.group().trim());
        }
      }
    }
    return flows;
  }

  /** Packet counters, lifetimes and queue lengths are not state. */
  private static String withoutCounters(String line) {
    return line.replaceAll("\\[\\d+:\\d+]", "")
        .replaceAll("packets \\d+ bytes \\d+", "")
        .replaceAll("(valid_lft|preferred_lft|expires) \\S+", "")
        .replaceAll("\\s+", " ")
        .trim();
  }

  private static List<String> processes(List<Long> pids) {
    return pids.stream()
        .map(ProcessHandle::of)
        .flatMap(java.util.Optional::stream)
        .map(process -> process.pid() + " " + process.info().commandLine().orElse("?"))
        .sorted()
        .toList();
  }

  private static List<String> files(Namespace namespace, Path root, int depth, boolean contents) {
    List<String> found = new ArrayList<>();
    try (Stream<Path> paths = Files.walk(root, depth)) {
      for (Path path : (Iterable<Path>) paths.sorted()::iterator) {
        boolean ofAnother =
            path.startsWith("/etc/netns") && !path.startsWith("/etc/netns/" + namespace.name());
        if (!ofAnother
            && BUSY.stream().noneMatch(path::startsWith)
            && !path.toString().contains("real-cluster")) {
          found.add(path + (contents && Files.isRegularFile(path) ? " " + stamp(path) : ""));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found;
  }

  private static String stamp(Path file) throws IOException {
    try {
      return Files.size(file) + " bytes, " + Files.getLastModifiedTime(file);
    } catch (NoSuchFileException e) {
      return "just removed, by another test on this machine perhaps";
    }
  }

  /**
   * What differs from an earlier state, a line each with {@code +} or {@code -}; empty if equal.
   */
  List<String> since(HostState before) {
    List<String> differences = new ArrayList<>();
    sections.forEach(
        (section, lines) -> {
          List<String> added = new ArrayList<>(lines);
          List<String> removed = new ArrayList<>(before.sections.get(section));
          before.sections.get(section).forEach(added::remove);
          lines.forEach(removed::remove);
          removed.forEach(line -> differences.add(section + ": - " + line));
          added.forEach(line -> differences.add(section + ": + " + line));
        });
    return differences;
  }
}
