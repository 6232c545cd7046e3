package io.teleproxy.proxy;

import io.teleproxy.spi.Protocol;
import java.net.InetSocketAddress;
import java.time.Instant;

/**
 * One intercepted connection, or one client's datagrams to a destination, as it was at one moment.
 *
 * @param id unique in this process, ascending
 * @param client who connected
 * @param destination where to
 * @param name by which a program had asked for the destination when it began; empty if not known
 * @param target the port of the SOCKS5 proxy that carries it
 * @param roundTripMicros from the start to the far end's accepting (TCP), or from the first
 *     datagram to the first answer (UDP); -1 while there is none
 * @param bytesUp from the client to the destination
 * @param bytesDown from the destination to the client
 */
public record Flow(
    long id,
    Protocol protocol,
    InetSocketAddress client,
    InetSocketAddress destination,
    String name,
    int target,
    State state,
    Instant since,
    long roundTripMicros,
    long bytesUp,
    long bytesDown) {
  /** How far it has come. */
  public enum State {
    CONNECTING,
    OPEN,
    ENDED
  }

  /**
   * A flow that is over.
   *
   * @param reason {@code closed}, or what broke it
   */
  public record Ended(Flow flow, Instant at, String reason) {}
}
