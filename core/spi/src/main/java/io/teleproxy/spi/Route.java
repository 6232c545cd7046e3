package io.teleproxy.spi;

/**
 * What happens to traffic for an address, and optionally the name under which that address is
 * found.
 *
 * <p>Where several routes cover one destination, the longest prefix decides, then listed ports
 * before all ports, then {@link Action.Divert} before {@link Action.Reject}; between tables, the
 * one whose name comes first.
 *
 * @param name a DNS name without final dot that resolves to {@code ip}, or empty for none. A name
 *     with a dot may be relative, it is completed by the search path like any other. Only routes
 *     whose {@code ip} is a single address have names.
 * @param protocol TCP or UDP
 * @param ip where the traffic goes: an address or a CIDR prefix
 * @param ports which ports; {@link Ports#ALL} for every port
 * @param action divert to a SOCKS5 proxy, or reject
 */
public record Route(String name, Protocol protocol, Prefix ip, Ports ports, Action action) {
  /** What is done with matching traffic. */
  public sealed interface Action {
    /**
     * Carry it through the SOCKS5 proxy (RFC 1928) that listens on this loopback port.
     *
     * @param target 1-65535
     */
    record Divert(int target) implements Action {
      public Divert {
        if (target < 1 || target > 65535) {
          throw new IllegalArgumentException("target: " + target + " (expected: 1-65535)");
        }
      }
    }

    /** Refuse it at once: TCP reset, ICMP port unreachable for UDP. */
    record Reject() implements Action {}
  }

  public Route {
    if (name.endsWith(".")) {
      name = name.substring(0, name.length() - 1);
    }
    if (!name.isEmpty() && !ip.isHost()) {
      throw new IllegalArgumentException(
          "ip: '"
              + ip
              + "' (expected: a single address, because the route has the name '"
              + name
              + "')");
    }
  }

  public static Route divert(String name, Protocol protocol, Prefix ip, Ports ports, int target) {
    return new Route(name, protocol, ip, ports, new Action.Divert(target));
  }

  public static Route reject(String name, Protocol protocol, Prefix ip, Ports ports) {
    return new Route(name, protocol, ip, ports, new Action.Reject());
  }
}
