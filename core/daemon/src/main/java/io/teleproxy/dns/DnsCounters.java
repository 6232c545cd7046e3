package io.teleproxy.dns;

/**
 * What the server has done since its start.
 *
 * @param queries packets and TCP messages received
 * @param local answered from the tables or by a resolver
 * @param relayed answered with the bytes of an original nameserver
 * @param failed answered SERVFAIL because no nameserver answered, or too much was in flight
 * @param malformed dropped or answered FORMERR
 * @param inFlight waiting for a resolver or a nameserver at this moment
 */
public record DnsCounters(
    long queries, long local, long relayed, long failed, long malformed, int inFlight) {}
