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
  private final LinkAging aging = new LinkAging();

  void add(AgentLink link) {
    links.add(link);
  }

  void remove(AgentLink link) {
    links.remove(link);
  }

  boolean isEmpty() {
    return links.isEmpty();
  }

  /** As of {@link LinkChoice}. */
  @Nullable AgentLink pick() {
    return LinkChoice.among(links);
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

  /** How many of the {@link #promising} ones are not to be replaced. */
  int lasting() {
    return lasting(false);
  }

  /** How many of the {@link #lasting} ones go past the node. */
  int lastingDirect() {
    return lasting(true);
  }

  private int lasting(boolean onlyDirect) {
    int lasting = 0;
    for (AgentLink link : links) {
      boolean counts = link.promising() && !link.retired() && (link.direct() || !onlyDirect);
      lasting += counts ? 1 : 0;
    }
    return lasting;
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
    aging.tick(links, System.nanoTime());
  }

  void networkChanged() {
    List.copyOf(links).forEach(AgentLink::networkChanged);
  }

  /**
   * Closes those of which nobody makes use: beyond so many, through the node first, and what was
   * retired, as soon as there are so many without it.
   */
  void closeSurplus(int wanted) {
    int surplus = -wanted;
    for (AgentLink link : links) {
      surplus += link.usable() && !link.retired() ? 1 : 0;
    }
    if (surplus >= 0) {
      closeRetired();
    }
    closeIdle(surplus - closeIdle(surplus, false), true);
  }

  private void closeRetired() {
    for (AgentLink link : List.copyOf(links)) {
      if (link.retired() && link.usable() && link.idle() && link.load().resting()) {
        link.dismiss();
      }
    }
  }

  private int closeIdle(int most, boolean direct) {
    int closed = 0;
    for (AgentLink link : List.copyOf(links)) {
      if (closed < most
          && link.direct() == direct
          && !link.retired()
          && link.usable()
          && link.idle()) {
        closed++;
        link.dismiss();
      }
    }
    return closed;
  }

  void close(String reason) {
    for (AgentLink link : List.copyOf(links)) {
      link.close(reason);
    }
  }
}
