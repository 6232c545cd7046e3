package io.teleproxy.spi;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

/**
 * The whole desired state of the firewall. Two plans with the same content are equal. A plan that
 * was made from another shares with it what has not changed, so that a backend finds what it has to
 * do in time proportional to the change: {@code
 * before.byDestination().differences(after.byDestination(), …)}.
 *
 * @param byDestination for each destination its rules, in the order in which they are tried
 * @param dns capture of DNS queries, evaluated before the rules
 * @param bridges interface names of local container bridges: traffic that comes in on them is
 *     treated like that of local processes. Redirected packets arrive there at the bridge's own
 *     address.
 */
public record InterceptPlan(
    TrieMap<Prefix, List<Rule>> byDestination, DnsCapture dns, List<String> bridges) {
  /** Longest prefix first, then listed ports before all ports, then redirect before reject. */
  private static final Comparator<Rule> ORDER =
      Comparator.<Rule, Prefix>comparing(rule -> rule.match().to())
          .thenComparing(rule -> rule.match().protocol())
          .thenComparing(rule -> rule.match().ports())
          .thenComparing(rule -> rule instanceof Redirect ? 0 : 1)
          .thenComparing(rule -> rule instanceof Redirect redirect ? redirect.port() : 0);

  /** The plan that leaves everything alone. */
  public static final InterceptPlan EMPTY =
      new InterceptPlan(TrieMap.empty(), DnsCapture.NONE, List.of());

  /** One rule; sorted so that the more specific comes first. */
  public sealed interface Rule extends Comparable<Rule> {
    Match match();

    @Override
    default int compareTo(Rule other) {
      return InterceptPlan.ORDER.compare(this, other);
    }
  }

  /** Which packets: protocol, destination address and destination port. */
  public record Match(Protocol protocol, Prefix to, Ports ports) {}

  /**
   * Forward to a port of ours on this machine (loopback, or the bridge's address for containers).
   *
   * @param port 1-65535
   */
  public record Redirect(Match match, int port) implements Rule {}

  /** Refuse at once: TCP reset, ICMP port unreachable for UDP. */
  public record Reject(Match match) implements Rule {}

  /**
   * UDP and TCP queries to port 53 of these nameservers are forwarded to our port.
   *
   * @param nameservers may be empty
   * @param port 1-65535, or 0 with no nameservers
   */
  public record DnsCapture(List<InetAddress> nameservers, int port) {
    public static final DnsCapture NONE = new DnsCapture(List.of(), 0);

    public DnsCapture {
      nameservers = nameservers.stream().distinct().toList();
    }

    // Those that records have are linked when first called, which a start can do without (ADR 24).
    @Override
    public boolean equals(Object other) {
      return other instanceof DnsCapture capture
          && port == capture.port
          && nameservers.equals(capture.nameservers);
    }

    @Override
    public int hashCode() {
      return 31 * nameservers.hashCode() + port;
    }
  }

  public InterceptPlan {
    bridges = bridges.stream().sorted().distinct().toList();
  }

  public InterceptPlan(List<Rule> rules, DnsCapture dns, List<String> bridges) {
    this(grouped(rules), dns, bridges);
  }

  public static InterceptPlan of(
      Collection<? extends Rule> rules, DnsCapture dns, Collection<String> bridges) {
    return new InterceptPlan(grouped(rules), dns, List.copyOf(bridges));
  }

  /** This plan with other rules. */
  public InterceptPlan with(TrieMap<Prefix, List<Rule>> otherRules) {
    return new InterceptPlan(otherRules, dns, bridges);
  }

  /**
   * All rules in the order in which they are tried: the first that matches decides. Traffic that no
   * rule matches is left alone. Collected at each call.
   */
  public List<Rule> rules() {
    return byDestination.keySet().stream()
        .sorted()
        .flatMap(to -> byDestination.getOrDefault(to, List.of()).stream())
        .toList();
  }

  /** The rules of one destination in the order in which they are tried, each once. */
  public static List<Rule> ordered(Collection<? extends Rule> rules) {
    return List.copyOf(new TreeSet<>(rules));
  }

  // As in DnsCapture.
  @Override
  public boolean equals(Object other) {
    return other instanceof InterceptPlan plan
        && byDestination.equals(plan.byDestination)
        && dns.equals(plan.dns)
        && bridges.equals(plan.bridges);
  }

  @Override
  public int hashCode() {
    return Objects.hash(byDestination, dns, bridges);
  }

  public boolean isEmpty() {
    return byDestination.isEmpty() && dns.nameservers().isEmpty();
  }

  private static TrieMap<Prefix, List<Rule>> grouped(Collection<? extends Rule> rules) {
    Map<Prefix, List<Rule>> groups = new HashMap<>();
    for (Rule rule : rules) {
      groups.computeIfAbsent(rule.match().to(), to -> new ArrayList<>(3)).add(rule);
    }
    groups.replaceAll((to, group) -> ordered(group));
    return TrieMap.copyOf(groups);
  }
}
