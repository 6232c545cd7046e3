package io.teleproxy.plugin.netfilter;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.Match;
import io.teleproxy.spi.InterceptPlan.Redirect;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.process.CommandRunner;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes conntrack forget UDP flows about which a new plan says something else than the old one. The
 * firewall is asked once per flow: a program that keeps one socket would else stay on the way it
 * had, before us or after us, until the entry expires, and while it sends that is never. Needs
 * conntrack(8); without it only such programs notice.
 */
public final class KnownFlows {
  private static final Logger log = LoggerFactory.getLogger(KnownFlows.class);

  private static final int DNS_PORT = 53;

  /** How often is looked again. */
  private static final int ATTEMPTS = 4;

  /**
   * One end of a known flow.
   *
   * @param turned whether it is the end that sent first; else the one that was sent to
   * @param answering the port from which answers come, after translation; 0 if {@code turned}
   */
  private record Known(InetAddress address, int port, boolean turned, int answering) {}

  private final CommandRunner runner;
  private final String conntrack;

  /**
   * Of this machine.
   *
   * @param runner runs conntrack(8)
   * @param conntrack path of conntrack(8); empty if there is none
   */
  public KnownFlows(CommandRunner runner, String conntrack) {
    this.runner = runner;
    this.conntrack = conntrack;
  }

  /** To be called when the new plan is in force: flows that go its way already are kept. */
  public void forget(InterceptPlan before, InterceptPlan after) {
    if (conntrack.isEmpty()) {
      return;
    }
    List<Match> changed = changed(before, after);
    for (boolean ipv6 : List.of(false, true)) {
      List<Match> ours = changed.stream().filter(match -> match.to().isIpv6() == ipv6).toList();
      if (!ours.isEmpty()) {
        forget(ours, after, ipv6 ? "ipv6" : "ipv4");
      }
    }
  }

  /** What of UDP is matched by one plan only, or is decided differently; some of it twice. */
  private static List<Match> changed(InterceptPlan before, InterceptPlan after) {
    List<Match> changed = new ArrayList<>();
    // On a bridge that comes or goes, every rule does.
    boolean bridges = !before.bridges().equals(after.bridges());
    if (bridges) {
      before.rules().forEach(rule -> addDatagrams(rule, changed));
      after.rules().forEach(rule -> addDatagrams(rule, changed));
    } else {
      before
          .byDestination()
          .differences(
              after.byDestination(),
              (to, old, now) -> {
                List<Rule> gone = old == null ? List.of() : old;
                List<Rule> come = now == null ? List.of() : now;
                gone.stream().filter(r -> !come.contains(r)).forEach(r -> addDatagrams(r, changed));
                come.stream().filter(r -> !gone.contains(r)).forEach(r -> addDatagrams(r, changed));
              });
    }
    if (bridges || !before.dns().equals(after.dns())) {
      for (InterceptPlan plan : List.of(before, after)) {
        for (InetAddress nameserver : plan.dns().nameservers()) {
          changed.add(new Match(Protocol.UDP, Prefix.of(nameserver), Ports.of(DNS_PORT)));
        }
      }
    }
    return changed;
  }

  private static void addDatagrams(Rule rule, List<Match> changed) {
    if (rule.match().protocol() == Protocol.UDP) {
      changed.add(rule.match());
    }
  }

  /**
   * An answer that is under way when its flow is forgotten makes an entry anew, from the far end to
   * the program, to which the program's next datagrams then belong: so look again.
   */
  private void forget(List<Match> matches, InterceptPlan after, String family) {
    try {
      for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        boolean turnedOnly = attempt > 0;
        String known = runner.run(List.of(conntrack, "-L", "-f", family, "-p", "udp")).output();
        Set<Known> flows = unsettled(known, after);
        flows.removeIf(flow -> (turnedOnly && !flow.turned()) || !covers(matches, flow));
        if (flows.isEmpty()) {
          return;
        }
        for (Known flow : flows) {
          // Exit status 1 means that it has expired meanwhile.
          runner.run(deletion(flow, family));
        }
      }
    } catch (IOException e) {
      log.debug("linux-netfilter: conntrack entries stay: {}", e.getMessage());
    }
  }

  private List<String> deletion(Known flow, String family) {
    List<String> words = new ArrayList<>(List.of(conntrack, "-D", "-f", family, "-p", "udp"));
    words.add(flow.turned() ? "--orig-src" : "--orig-dst");
    words.add(flow.address().getHostAddress());
    words.add(flow.turned() ? "--orig-port-src" : "--orig-port-dst");
    words.add(Integer.toString(flow.port()));
    if (!flow.turned()) {
      words.add("--reply-port-src");
      words.add(Integer.toString(flow.answering()));
    }
    return words;
  }

  /** Whether the flow was begun after the plan came into force, or might as well have been. */
  private static boolean settled(InterceptPlan plan, Known flow) {
    if (plan.isEmpty()) {
      return flow.answering() == flow.port();
    }
    if (flow.port() == DNS_PORT && plan.dns().nameservers().contains(flow.address())) {
      return flow.answering() == plan.dns().port();
    }
    for (Rule rule : plan.byDestination().getOrDefault(Prefix.of(flow.address()), List.of())) {
      Match match = rule.match();
      if (match.protocol() == Protocol.UDP && match.ports().contains(flow.port())) {
        return rule instanceof Redirect redirect && flow.answering() == redirect.port();
      }
    }
    return false;
  }

  private static boolean covers(List<Match> matches, Known flow) {
    return matches.stream()
        .anyMatch(
            match -> match.to().contains(flow.address()) && match.ports().contains(flow.port()));
  }

  /**
   * The ends of the flows before any translation, the first of each in a line like {@code udp 17 29
   * src=10.0.0.2 dst=10.0.0.1 sport=4711 dport=53 src=…}. The sender's end of a flow that goes its
   * way by this plan is left out: the plan may speak of this machine's own addresses, too.
   */
  private static Set<Known> unsettled(String listing, InterceptPlan plan) {
    Set<Known> flows = new LinkedHashSet<>();
    for (String line : listing.lines().toList()) {
      int answer = line.indexOf(" sport=", line.indexOf(" sport=") + 1);
      String answering = answer < 0 ? "" : first(line.substring(answer), " sport=");
      Known to = end(first(line, " dst="), first(line, " dport="), answering);
      boolean settled = to != null && !to.turned() && settled(plan, to);
      if (to != null && !settled) {
        flows.add(to);
      }
      Known from = end(first(line, " src="), first(line, " sport="), "");
      if (from != null && (!settled || plan.isEmpty())) {
        flows.add(from);
      }
    }
    return flows;
  }

  /** One end; without a port from which answers come, it is the one that sent first. */
  private static @Nullable Known end(String address, String port, String answering) {
    if (address.isEmpty() || port.isEmpty()) {
      return null;
    }
    boolean turned = answering.isEmpty();
    return new Known(
        Prefix.parseAddress(address),
        Integer.parseInt(port),
        turned,
        turned ? 0 : Integer.parseInt(answering));
  }

  private static String first(String line, String key) {
    int start = line.indexOf(key);
    if (start < 0) {
      return "";
    }
    int end = line.indexOf(' ', start + key.length());
    return line.substring(start + key.length(), end < 0 ? line.length() : end);
  }
}
