package io.teleproxy.dns;

import java.time.Duration;

/**
 * What can be set about the DNS server.
 *
 * @param names which names may be answered and completed
 * @param ttl seconds that clients may keep an answer from a route, 0-604800
 * @param maxInFlight queries that may wait for resolvers and nameservers at the same time; above
 *     it, SERVFAIL is answered at once
 * @param resolverTimeout how long one {@link io.teleproxy.spi.Resolver} may take before it counts
 *     as having no answer
 * @param tcpIdle after how long without a query a client's TCP connection is closed
 */
public record DnsSettings(
    NamePolicy names, int ttl, int maxInFlight, Duration resolverTimeout, Duration tcpIdle) {
  /** Every name, TTL 5 s, 2,000 queries in flight, 5 s for a resolver, 10 s idle. */
  public static final DnsSettings STANDARD =
      new DnsSettings(
          NamePolicy.EVERYTHING, 5, 2000, Duration.ofSeconds(5), Duration.ofSeconds(10));

  public DnsSettings {
    if (ttl < 0 || ttl > 604_800) {
      throw new IllegalArgumentException("ttl: " + ttl + " (expected: 0-604800 seconds)");
    }
    if (maxInFlight < 1) {
      throw new IllegalArgumentException(
          "max-in-flight: " + maxInFlight + " (expected: 1 or more)");
    }
  }

  public DnsSettings withTtl(int seconds) {
    return new DnsSettings(names, seconds, maxInFlight, resolverTimeout, tcpIdle);
  }

  public DnsSettings withNames(NamePolicy policy) {
    return new DnsSettings(policy, ttl, maxInFlight, resolverTimeout, tcpIdle);
  }
}
