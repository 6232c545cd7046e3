package io.teleproxy.plugin.kubernetes.agent;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which connection to the agent a new stream gets. Past the node goes before through it. Streams
 * that come one by one get a connection of their own, so that a lost packet holds up no other; a
 * crowd shares one, whose records and system calls are then fewer; and none goes where somebody
 * transfers much, as long as there is another.
 */
final class LinkChoice {
  /** So many streams within {@link LinkLoad#TOGETHER_NANOS}, on whichever connection. */
  private static final int CROWD = 8;

  private enum Place {
    OF_ITS_OWN,
    BESIDE_FEW,
    /** Over a long way somebody who wants much is slow here at first. */
    RETIRED,
    BESIDE_MUCH;

    static Place of(AgentLink link) {
      if (link.load().bulk()) {
        return BESIDE_MUCH;
      } else if (link.retired()) {
        return RETIRED;
      }
      return link.load().resting() ? OF_ITS_OWN : BESIDE_FEW;
    }
  }

  private LinkChoice() {}

  /** The best one of those that can be used; null if there is none. */
  static @Nullable AgentLink among(List<AgentLink> links) {
    long now = System.nanoTime();
    int together = 0;
    for (AgentLink link : links) {
      together += link.load().openedTogether(now);
    }
    AgentLink best = null;
    for (AgentLink link : links) {
      if (link.usable() && (best == null || better(link, best, together >= CROWD))) {
        best = link;
      }
    }
    return best;
  }

  private static boolean better(AgentLink link, AgentLink than, boolean crowd) {
    if (link.direct() != than.direct()) {
      return link.direct();
    }
    LinkLoad load = link.load();
    LinkLoad other = than.load();
    if (crowd) {
      return load.bulk() != other.bulk() ? other.bulk() : load.opened() > other.opened();
    }
    int places = Place.of(link).compareTo(Place.of(than));
    if (places != 0) {
      return places < 0;
    }
    return load.young() != other.young()
        ? load.young() < other.young()
        : load.carried() < other.carried();
  }
}
