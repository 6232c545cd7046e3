package io.teleproxy.proxy;

/**
 * What has happened since the start, to connections and to flows of datagrams.
 *
 * @param accepted those that came in
 * @param dropped of these, not redirected to us or without a route: reset at once
 * @param rejected of these, refused by a route
 * @param failed of these, refused by the SOCKS5 proxy or without one
 * @param closed ended in FIN both ways; datagrams: came to an end by themselves
 * @param reset ended otherwise after having been connected
 * @param live open or connecting now
 */
public record Counters(
    long accepted,
    long dropped,
    long rejected,
    long failed,
    long closed,
    long reset,
    long live,
    long bytesUp,
    long bytesDown) {}
