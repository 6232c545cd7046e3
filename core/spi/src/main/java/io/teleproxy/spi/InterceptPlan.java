package io.teleproxy.spi;

import java.net.InetAddress;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * The whole desired state of the firewall. Two plans with the same content are equal.
 *
 * @param rules in the order in which they are tried: the first that matches decides. Traffic that
 *     no rule matches is left alone.
 * @param dns capture of DNS queries, evaluated before the rules
 * @param bridges interface names of local container bridges: traffic that comes in on them is
 *     treated like that of local processes. Redirected packets arrive there at the bridge's own
 *     address.
 */
public record InterceptPlan(List<Rule> rules, DnsCapture dns, List<String> bridges) {
  /** Longest prefix first, then listed ports before all ports, then redirect before reject. */
  private static final Comparator<Rule> ORDER =
      Comparator.<Rule, Prefix>comparing(rule -> rule.match().to())
          .thenComparing(rule -> rule.match().protocol())
          .thenComparing(rule -> rule.match().ports())
          .thenComparing(rule -> rule instanceof Redirect ? 0 : 1)
          .thenComparing(rule -> rule instanceof Redirect redirect ? redirect.port() : 0);

  /** The plan that leaves everything alone. */
  public static final InterceptPlan EMPTY =
      new InterceptPlan(List.of(), DnsCapture.NONE, List.of());

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
  }

  public InterceptPlan {
    rules = rules.stream().sorted().distinct().toList();
    bridges = bridges.stream().sorted().distinct().toList();
  }

  public static InterceptPlan of(
      Collection<? extends Rule> rules, DnsCapture dns, Collection<String> bridges) {
    return new InterceptPlan(List.copyOf(rules), dns, List.copyOf(bridges));
  }

  public boolean isEmpty() {
    return rules.isEmpty() && dns.nameservers().isEmpty();
  }
}
