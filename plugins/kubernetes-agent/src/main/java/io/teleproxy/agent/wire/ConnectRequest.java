package io.teleproxy.agent.wire;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Requests of tunnels: CONNECT (RFC 9113 §8.5) and, for UDP, extended CONNECT (RFC 8441) with the
 * protocol and the default path of RFC 9298.
 */
public final class ConnectRequest {
  private static final AsciiString CONNECT = AsciiString.cached("CONNECT");
  private static final AsciiString PROTOCOL = AsciiString.cached(":protocol");
  private static final AsciiString CAPSULES = AsciiString.cached("capsule-protocol");
  private static final AsciiString ATTEMPT = AsciiString.cached("teleproxy-attempt");
  private static final AsciiString CONFLICT = AsciiString.cached("409");
  private static final String UDP = "connect-udp";
  private static final String PATH = "/.well-known/masque/udp/";

  private ConnectRequest() {}

  /**
   * Asks for a TCP connection.
   *
   * @param attempt the agent carries out one request of each number; 0 for no number
   */
  public static Http2Headers tcp(InetSocketAddress to, long attempt) {
    Http2Headers request = new DefaultHttp2Headers(false).method(CONNECT).authority(authority(to));
    return attempt == 0 ? request : request.set(ATTEMPT, Long.toHexString(attempt));
  }

  /** The answer to a request whose number was there before. */
  public static Http2Headers alreadyAsked() {
    return new DefaultHttp2Headers(false).status(CONFLICT);
  }

  public static boolean isAlreadyAsked(Http2Headers answer) {
    return CONFLICT.contentEquals(orEmpty(answer.status()));
  }

  /** Asks for a flow of datagrams. */
  public static Http2Headers udp(InetSocketAddress to) {
    String literal = to.isUnresolved() ? to.getHostString() : to.getAddress().getHostAddress();
    String host = URLEncoder.encode(literal, StandardCharsets.UTF_8);
    return new DefaultHttp2Headers(false)
        .method(CONNECT)
        .set(PROTOCOL, UDP)
        .scheme("http")
        .authority("agent")
        .path(PATH + host + '/' + to.getPort() + '/')
        .set(CAPSULES, "?1");
  }

  /**
   * What a request asks for.
   *
   * @param attempt its number, or 0
   */
  public record Destination(boolean udp, InetSocketAddress to, long attempt) {}

  /** Empty if it is no request that we know, or its destination is none. */
  public static Optional<Destination> read(Http2Headers headers) {
    if (!CONNECT.contentEquals(orEmpty(headers.method()))) {
      return Optional.empty();
    }
    String protocol = orEmpty(headers.get(PROTOCOL));
    if (protocol.isEmpty()) {
      return destination(orEmpty(headers.authority()))
          .map(to -> new Destination(false, to, attempt(headers)));
    }
    String path = orEmpty(headers.path());
    if (!protocol.equals(UDP) || !path.startsWith(PATH)) {
      return Optional.empty();
    }
    String[] parts = path.substring(PATH.length()).split("/", -1);
    if (parts.length < 2) {
      return Optional.empty();
    }
    String host = URLDecoder.decode(parts[0], StandardCharsets.UTF_8);
    return address(host, parts[1]).map(to -> new Destination(true, to, 0));
  }

  private static long attempt(Http2Headers headers) {
    try {
      return Long.parseUnsignedLong(orEmpty(headers.get(ATTEMPT)), 16);
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private static Optional<InetSocketAddress> destination(String authority) {
    int colon = authority.lastIndexOf(':');
    if (colon < 1) {
      return Optional.empty();
    }
    String host = authority.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    return address(host, authority.substring(colon + 1));
  }

  private static Optional<InetSocketAddress> address(String host, String port) {
    try {
      int number = Integer.parseInt(port);
      return host.isEmpty() || number < 1 || number > 0xffff
          ? Optional.empty()
          : Optional.of(InetSocketAddress.createUnresolved(host, number));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static String authority(InetSocketAddress to) {
    String host = to.isUnresolved() ? to.getHostString() : to.getAddress().getHostAddress();
    int scope = host.indexOf('%');
    String bare = scope < 0 ? host : host.substring(0, scope);
    return (bare.indexOf(':') >= 0 ? '[' + bare + ']' : bare) + ':' + to.getPort();
  }

  private static String orEmpty(@org.jspecify.annotations.Nullable CharSequence text) {
    return text == null ? "" : text.toString();
  }
}
