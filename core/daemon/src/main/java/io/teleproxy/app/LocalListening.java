package io.teleproxy.app;

import io.teleproxy.dns.DnsServer;
import io.teleproxy.proxy.LocalDestinations;
import io.teleproxy.proxy.LocalDestinations.Destination;
import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.Redirect;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Ports;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The listeners of a run without original destinations: the interceptor makes addresses of the plan
 * this machine's own, and here is listened at them. Where another program listens at a port of all
 * addresses, that port cannot be had, and is that program's; this says so and tries again.
 */
final class LocalListening implements AutoCloseable {
  /** What this machine's programs send to its own addresses comes in there. */
  private static final String LOOPBACK_INTERFACE = "lo";

  private static final int MOST_NAMED = 5;

  private final LocalDestinations destinations;
  private final DnsServer dns;
  private final Consumer<Health> health;
  private volatile Map<Destination, String> refused = Map.of();
  private volatile boolean asked;

  LocalListening(LocalDestinations destinations, DnsServer dns, Consumer<Health> health) {
    this.destinations = destinations;
    this.dns = dns;
    this.health = health;
  }

  /**
   * Listens at what the plan in force redirects. The API's own address is listened at by the API.
   */
  void serve(InterceptPlan plan) {
    Set<Destination> wanted = new HashSet<>();
    for (List<Rule> rules : plan.byDestination().values()) {
      add(rules, wanted);
    }
    wanted.removeIf(one -> one.address().equals(Bootstrap.API));
    List<String> devices = new ArrayList<>(plan.bridges());
    devices.add(0, LOOPBACK_INTERFACE);
    refused = destinations.listen(wanted, devices);
    report();
  }

  /** Of the rules for one address and port the first decides. */
  private static void add(List<Rule> rules, Set<Destination> wanted) {
    Set<Destination> decided = new HashSet<>();
    for (Rule rule : rules) {
      Ports ports = rule.match().ports();
      if (ports.count() > Allotment.MOST_PORTS) {
        // It refuses, and so does the system, where nobody listens; what comes after it is not
        // reached.
        continue;
      }
      for (Ports.Range range : ports.ranges()) {
        for (int port = range.first(); port <= range.last(); port++) {
          Destination one =
              new Destination(
                  rule.match().protocol(),
                  new InetSocketAddress(rule.match().to().address(), port));
          if (decided.add(one) && rule instanceof Redirect) {
            wanted.add(one);
          }
        }
      }
    }
  }

  /** Whether programs can ask us for names; tried anew at each call until it is so. */
  boolean answersNames() {
    try {
      dns.listenAtStandardPort();
      asked = true;
    } catch (IOException e) {
      asked = false;
    }
    report();
    return asked;
  }

  /** Whether something is to be tried again. */
  boolean isIncomplete() {
    return !refused.isEmpty() || !asked;
  }

  /** Why nobody of ours listens at a destination of the plan; empty if we do. */
  Optional<String> refused(Destination destination) {
    return Optional.ofNullable(refused.get(destination));
  }

  int listening() {
    return destinations.listening();
  }

  private void report() {
    Map<Destination, String> some = refused;
    if (!asked) {
      health.accept(
          Health.degraded(
                  "names are not answered: another program listens at port 53 of all addresses",
                  "'ss -lnutp sport = :53' names it; let it listen at 127.0.0.1 only.")
              .because(Cause.PORT_TAKEN));
    } else if (!some.isEmpty()) {
      List<String> named =
          some.keySet().stream().limit(MOST_NAMED).map(Destination::toString).toList();
      health.accept(
          Health.degraded(
                  some.size()
                      + " destinations are not ours: programs of this machine listen at these ports of"
                      + " all addresses and answer there: "
                      + String.join(", ", named)
                      + (some.size() > MOST_NAMED ? ", ..." : "")
                      + " ("
                      + some.values().iterator().next()
                      + ")",
                  "'ss -lntup' names them; let them listen at 127.0.0.1 only.")
              .because(Cause.PORT_TAKEN));
    } else {
      health.accept(Health.ready());
    }
  }

  @Override
  public void close() {
    destinations.close();
  }
}
