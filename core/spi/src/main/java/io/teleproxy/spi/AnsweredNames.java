package io.teleproxy.spi;

import java.util.Collection;
import java.util.List;

/**
 * The names to which the overlay DNS has answers of its own, for systems whose resolver has to be
 * told whom to ask for what. All without final dot, sorted but for the search domains.
 *
 * @param zones domains with all names below them
 * @param hosts single names outside the zones
 * @param search domains that complete relative names; the first wins
 */
public record AnsweredNames(List<String> zones, List<String> hosts, List<String> search) {
  /** No name at all. */
  public static final AnsweredNames NONE = new AnsweredNames(List.of(), List.of(), List.of());

  public AnsweredNames {
    zones = sorted(zones);
    hosts = sorted(hosts);
    search = List.copyOf(search);
  }

  private static List<String> sorted(Collection<String> names) {
    return names.stream().sorted().distinct().toList();
  }
}
