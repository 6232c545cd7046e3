package io.teleproxy.plugin.kubernetes.agent;

import java.util.Comparator;

/**
 * Which of two connections to the agent is better for a new stream; the better one is less. Past
 * the node goes before through it. Streams that come one by one get a connection of their own, so
 * that a lost packet holds up no other; many that come together share one, whose records and system
 * calls are then fewer; and none goes where somebody transfers much, as long as there is another.
 */
final class LinkChoice implements Comparator<AgentLink> {
  private enum Place {
    OF_ITS_OWN,
    IN_A_CROWD,
    BESIDE_FEW,
    /** Over a long way somebody who wants much is slow here at first. */
    RETIRED,
    BESIDE_MUCH;

    static Place of(AgentLink link) {
      LinkLoad load = link.load();
      if (load.bulk()) {
        return BESIDE_MUCH;
      } else if (load.resting() && !link.retired()) {
        return OF_ITS_OWN;
      } else if (load.crowded()) {
        return IN_A_CROWD;
      }
      return link.retired() ? RETIRED : BESIDE_FEW;
    }
  }

  @Override
  public int compare(AgentLink a, AgentLink b) {
    if (a.direct() != b.direct()) {
      return a.direct() ? -1 : 1;
    }
    Place place = Place.of(a);
    int places = place.compareTo(Place.of(b));
    if (places != 0) {
      return places;
    }
    int streams = Long.compare(a.load().streams(), b.load().streams());
    if (place == Place.IN_A_CROWD) {
      return -streams;
    }
    return streams != 0 ? streams : Long.compare(a.load().bytes(), b.load().bytes());
  }
}
