package io.teleproxy.dns;

/**
 * How many queries a second there were of late, by who answered.
 *
 * @param queries all
 * @param local from the tables or by a resolver
 * @param relayed with the bytes of an original nameserver
 * @param refused not at all: no nameserver answered, or the query could not be understood
 */
public record DnsRates(double queries, double local, double relayed, double refused) {
  /** The time of which this is the mean. */
  public static final int SECONDS = 10;
}
