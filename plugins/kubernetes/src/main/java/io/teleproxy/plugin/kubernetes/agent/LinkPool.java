package io.teleproxy.plugin.kubernetes.agent;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The connections to the agent that there are, from their upgrade to their end, and which of them
 * to use for what. Confined to the event loop.
 */
final class LinkPool {
  private final List<AgentLink> links = new ArrayList<>();

  void add(AgentLink link) {
    links.add(link);
  }

  void remove(AgentLink link) {
    links.remove(link);
  }

  boolean isEmpty() {
    return links.isEmpty();
  }

  /**
   * The connection for a new stream; null if none can be used now. Streams that come one by one get
   * a connection of their own, so that a lost packet holds up no other; many that come together
   * share one, whose records and system calls are then fewer; and none goes where somebody
   * transfers much.
   */
  @Nullable AgentLink pick() {
    AgentLink best = null;
    for (AgentLink link : links) {
      if (link.usable() && (best == null || better(link, best))) {
        best = link;
      }
    }
    return best;
  }

  private static boolean better(AgentLink link, AgentLink than) {
    if (link.direct() != than.direct()) {
      return link.direct();
    }
    if (link.resting() || than.resting()) {
      return !than.resting();
    }
    return link.bulk() != than.bulk() ? link.bulk() < than.bulk() : link.opened() > than.opened();
  }

  /** One through the node over which the agent can be asked something; null if there is none. */
  @Nullable AgentLink throughNode() {
    for (AgentLink link : links) {
      if (link.usable() && !link.direct()) {
        return link;
      }
    }
    return null;
  }

  /** How many there are for new streams. */
  int usable() {
    int usable = 0;
    for (AgentLink link : links) {
      usable += link.usable() ? 1 : 0;
    }
    return usable;
  }

  /** How many are, or will be, of use for new streams, as far as is known. */
  int promising() {
    int promising = 0;
    for (AgentLink link : links) {
      promising += link.promising() ? 1 : 0;
    }
    return promising;
  }

  /** How many of the {@link #promising} ones go past the node. */
  int promisingDirect() {
    int promising = 0;
    for (AgentLink link : links) {
      promising += link.promising() && link.direct() ? 1 : 0;
    }
    return promising;
  }

  boolean hasDirect() {
    return links.stream().anyMatch(AgentLink::direct);
  }

  Uplink uplink() {
    int usable = 0;
    int direct = 0;
    long shortest = 0;
    for (AgentLink link : links) {
      if (link.usable()) {
        usable++;
        direct += link.direct() ? 1 : 0;
        long one = link.roundTripNanos();
        shortest = shortest == 0 || (one > 0 && one < shortest) ? one : shortest;
      }
    }
    return new Uplink(usable, direct, shortest);
  }

  /**
   * Looks whether they are alive.
   *
   * @param late whether we were stopped ourselves since the last time
   */
  void tick(boolean late) {
    for (AgentLink link : List.copyOf(links)) {
      link.tick(late);
    }
  }

  void networkChanged() {
    List.copyOf(links).forEach(AgentLink::networkChanged);
  }

  /** Closes those of which nobody makes use beyond so many, through the node first. */
  void closeSurplus(int wanted) {
    closeSurplus(wanted, false);
    closeSurplus(wanted, true);
  }

  private void closeSurplus(int wanted, boolean direct) {
    int surplus = usable() - wanted;
    for (AgentLink link : List.copyOf(links)) {
      if (surplus > 0 && link.direct() == direct && link.usable() && link.idle()) {
        surplus--;
        link.dismiss();
      }
    }
  }

  void close(String reason) {
    for (AgentLink link : List.copyOf(links)) {
      link.close(reason);
    }
  }
}
