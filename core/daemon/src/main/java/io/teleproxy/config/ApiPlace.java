package io.teleproxy.config;

import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.UserException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Map;

/**
 * Where a running teleproxy is found: one address and port of loopback, the same on every machine.
 * Listening there is the lock, too, that lets only one intercept in a network. The kernel takes
 * both back however the process ends, and no file has to tell of it.
 *
 * <p>The port is a privileged one: where it answers, root has started it.
 */
public final class ApiPlace {
  /** Names another place for clients, as {@code ADDRESS:PORT}. */
  public static final String VARIABLE = "TELEPROXY_API";

  /** Our own loopback address, to which the name {@code teleproxy} resolves. */
  public static final InetAddress ADDRESS = Prefix.parseAddress("127.254.254.254");

  /** tcpmux (RFC 1078), which nobody runs any more. */
  private static final int PORT = 1;

  private ApiPlace() {}

  /**
   * Where a daemon listens. Linux has all of 127.0.0.0/8 on loopback; other systems only one
   * address.
   *
   * @param os as in {@link io.teleproxy.spi.Environment#os}
   */
  public static InetSocketAddress ofDaemon(String os) {
    return new InetSocketAddress(
        os.equals("linux") ? ADDRESS : InetAddress.getLoopbackAddress(), PORT);
  }

  /**
   * Where clients ask.
   *
   * @throws UserException if the variable is set to something else than an address
   */
  public static InetSocketAddress ofClients(HostEnvironment environment) {
    Map<String, String> variables = environment.variables();
    String given = variables.getOrDefault(VARIABLE, "");
    if (given.isEmpty()) {
      return ofDaemon(environment.os());
    }
    int colon = given.lastIndexOf(':');
    try {
      int port = Integer.parseInt(given.substring(colon + 1));
      return new InetSocketAddress(
          Prefix.parseAddress(given.substring(0, Math.max(0, colon))), port);
    } catch (IllegalArgumentException e) {
      throw new UserException(
          VARIABLE + ": '" + given + "' (expected: ADDRESS:PORT)", "Correct it, or unset it.");
    }
  }

  /** The URL of the API at a place, without a path. */
  public static URI uri(InetSocketAddress place) {
    String host = place.getAddress().getHostAddress();
    return URI.create(
        "http://" + (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + place.getPort());
  }
}
