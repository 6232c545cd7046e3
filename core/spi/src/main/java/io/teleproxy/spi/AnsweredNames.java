package io.teleproxy.spi;

import java.net.InetAddress;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * The names to which the overlay DNS has answers of its own, for systems whose resolver has to be
 * told whom to ask for what. All without final dot, sorted but for the search domains.
 *
 * @param zones domains with all names below them
 * @param hosts single names outside the zones
 * @param search domains that complete relative names; the first wins
 */
public record AnsweredNames(List<String> zones, List<String> hosts, List<String> search) {
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*");

  /**
   * The address at which the overlay DNS is asked on purpose, on port 53: on loopback, and nobody's
   * but ours.
   */
  public static final InetAddress SERVER = Prefix.parseAddress("127.254.254.254");

  /** No name at all. */
  public static final AnsweredNames NONE = new AnsweredNames(List.of(), List.of(), List.of());

  public AnsweredNames {
    zones = sorted(zones);
    hosts = sorted(hosts);
    search = plain(search);
  }

  /**
   * Whether a name consists of letters, digits, hyphens, underscores and dots only. Others are not
   * told: they end up in commands.
   */
  public static boolean isPlain(String name) {
    return PLAIN.matcher(name).matches();
  }

  // Those that records have are linked when first called, which a start can do without (ADR 24).
  @Override
  public boolean equals(Object other) {
    return other instanceof AnsweredNames names
        && zones.equals(names.zones)
        && hosts.equals(names.hosts)
        && search.equals(names.search);
  }

  @Override
  public int hashCode() {
    return Objects.hash(zones, hosts, search);
  }

  private static List<String> plain(List<String> names) {
    for (String name : names) {
      if (!isPlain(name)) {
        throw new IllegalArgumentException(
            "name: '" + name + "' (expected: letters, digits, '-', '_' and '.')");
      }
    }
    return List.copyOf(names);
  }

  private static List<String> sorted(Collection<String> names) {
    return plain(names.stream().sorted().distinct().toList());
  }
}
