package io.teleproxy.app;

import io.teleproxy.net.KernelRoute;
import io.teleproxy.spi.Cause;
import io.teleproxy.spi.Health;
import io.teleproxy.spi.Prefix;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Says when a machine without a default route has no way to what is diverted: the kernel asks its
 * routes before the firewall, so programs are refused before anything reaches us. For one thread.
 */
final class WaysThere {
  /** Of addresses of the cluster: one has no way where the others have none. */
  private static final int MOST_ASKED = 3;

  private final Consumer<Health> health;
  private final Predicate<InetAddress> leads;
  private boolean told;

  WaysThere(Consumer<Health> health) {
    this(health, KernelRoute::leadsTo);
  }

  WaysThere(Consumer<Health> health, Predicate<InetAddress> leads) {
    this.health = health;
    this.leads = leads;
  }

  /**
   * Looks, if there is no default route or was none.
   *
   * @param waysOut whether there is a default route of any family
   */
  void look(boolean waysOut, List<InetAddress> nameservers, Collection<Prefix> diverted) {
    if (waysOut && !told) {
      return;
    }
    List<InetAddress> silent = nameservers.stream().filter(leads.negate()).toList();
    List<InetAddress> cut =
        diverted.stream()
            .map(Prefix::address)
            .filter(address -> !address.isLoopbackAddress())
            .sorted(WaysThere::byText)
            .limit(MOST_ASKED)
            .filter(leads.negate())
            .toList();
    if (silent.isEmpty() && (cut.isEmpty() || waysOut)) {
      if (told) {
        told = false;
        health.accept(Health.ready());
      }
      return;
    }
    told = true;
    health.accept(
        Health.degraded(reason(silent, cut), remedy(silent)).because(Cause.NO_DEFAULT_ROUTE));
  }

  private static String reason(List<InetAddress> silent, List<InetAddress> cut) {
    List<String> what = new ArrayList<>();
    if (!silent.isEmpty()) {
      what.add(text(silent) + ", where programs ask for names");
    }
    if (!cut.isEmpty()) {
      what.add("addresses of the cluster (" + text(cut) + ")");
    }
    return "this machine has no default route, and no other to "
        + String.join("; nor to ", what)
        + ": the kernel tells programs 'Network is unreachable' before teleproxy sees anything";
  }

  private static String remedy(List<InetAddress> silent) {
    return "Connect it to a network, which is followed."
        + silent.stream()
            .filter(Inet4Address.class::isInstance)
            .findFirst()
            .map(
                one ->
                    " Without one, this has names resolve: sudo ip route add "
                        + one.getHostAddress()
                        + " dev lo src 127.0.0.1 table default (undo it with 'del' for 'add').")
            .orElse("");
  }

  private static String text(List<InetAddress> addresses) {
    return addresses.stream().map(InetAddress::getHostAddress).collect(Collectors.joining(", "));
  }

  private static int byText(InetAddress one, InetAddress other) {
    return one.getHostAddress().compareTo(other.getHostAddress());
  }
}
