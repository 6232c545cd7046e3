package io.teleproxy.plugin.kubernetes.cluster;

import io.teleproxy.spi.UserException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The proxy that the user's environment names for the API server: {@code HTTPS_PROXY} (of a plain
 * server {@code HTTP_PROXY}) unless {@code NO_PROXY} excepts it, in capital letters or else in
 * small ones. As kubectl understands them, and Go (golang.org/x/net/http/httpproxy).
 */
final class EnvironmentProxy {
  /** Addresses and nothing else: a name would be looked up. */
  private static final Pattern ADDRESS =
      Pattern.compile("((25[0-5]|2[0-4]\\d|1?\\d?\\d)(\\.(?!$)|$)){4}|[0-9a-f.]*:[0-9a-f:.]*");

  private EnvironmentProxy() {}

  /**
   * @param server the API server's URL
   * @return empty if the server is reached without one
   * @throws UserException if the variable names a kind of proxy that is not spoken here
   */
  static Optional<ProxyUrl> of(URI server, Map<String, String> variables) {
    boolean tls = "https".equalsIgnoreCase(server.getScheme());
    String name = tls ? "HTTPS_PROXY" : "HTTP_PROXY";
    String url = either(variables, name).strip();
    String host = bare(server.getHost().toLowerCase(Locale.ROOT));
    int port = server.getPort() > 0 ? server.getPort() : tls ? 443 : 80;
    InetAddress address = address(host);
    if (url.isEmpty()
        || host.equals("localhost")
        || (address != null && address.isLoopbackAddress())
        || isExcepted(host, port, either(variables, "NO_PROXY"))) {
      return Optional.empty();
    }
    return Optional.of(
        ProxyUrl.parse(url.contains("://") ? url : "http://" + url)
            .orElseThrow(
                () ->
                    new UserException(
                        "the environment variable "
                            + name
                            + " names no proxy that is known here (expected: "
                            + ProxyUrl.KINDS
                            + ")",
                        "Correct it, or except the API server from it with NO_PROXY="
                            + host
                            + ".")));
  }

  private static String either(Map<String, String> variables, String name) {
    String capital = variables.getOrDefault(name, "");
    return capital.isEmpty() ? variables.getOrDefault(name.toLowerCase(Locale.ROOT), "") : capital;
  }

  private static boolean isExcepted(String host, int port, String exceptions) {
    for (String part : exceptions.split(",")) {
      String exception = part.strip().toLowerCase(Locale.ROOT);
      if (exception.equals("*") || (!exception.isEmpty() && matches(host, port, exception))) {
        return true;
      }
    }
    return false;
  }

  /** An address, a range of them, or a name with all below it ({@code .name}: below it only). */
  private static boolean matches(String host, int port, String exception) {
    InetAddress address = address(host);
    int slash = exception.indexOf('/');
    if (slash > 0) {
      InetAddress network = address(exception.substring(0, slash));
      return address != null
          && network != null
          && isWithin(address, network, exception.substring(slash + 1));
    }
    String place = exception;
    int colon = exception.lastIndexOf(':');
    // Of an IPv6 address the last colon begins a port only behind brackets.
    if (colon > 0 && (exception.indexOf(':') == colon || exception.charAt(colon - 1) == ']')) {
      if (!exception.substring(colon + 1).equals(Integer.toString(port))) {
        return false;
      }
      place = exception.substring(0, colon);
    }
    place = bare(place);
    InetAddress excepted = address(place);
    if (excepted != null) {
      return excepted.equals(address);
    }
    String below = place.startsWith("*.") ? place.substring(1) : place;
    return below.startsWith(".")
        ? host.endsWith(below)
        : host.equals(below) || host.endsWith("." + below);
  }

  private static boolean isWithin(InetAddress address, InetAddress network, String length) {
    byte[] one = address.getAddress();
    byte[] other = network.getAddress();
    if (one.length != other.length || !length.matches("[0-9]{1,3}")) {
      return false;
    }
    int behind = one.length * 8 - Integer.parseInt(length);
    return behind >= 0
        && new BigInteger(1, one)
            .shiftRight(behind)
            .equals(new BigInteger(1, other).shiftRight(behind));
  }

  private static String bare(String host) {
    return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
  }

  /** Null if the text is a name. */
  private static @Nullable InetAddress address(String text) {
    try {
      return ADDRESS.matcher(text).matches() ? InetAddress.getByName(text) : null;
    } catch (UnknownHostException e) {
      return null;
    }
  }
}
