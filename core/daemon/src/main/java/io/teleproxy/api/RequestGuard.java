package io.teleproxy.api;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Refuses what no program of the owner would send: requests under a foreign Host (DNS rebinding)
 * and requests that a web page of another origin makes (cross-site request forgery).
 *
 * <p>{@code http://teleproxy} is no secure context, so browsers do not send {@code Sec-Fetch-Site}
 * there, and no {@code Origin} with what they merely load: an image or a link of any page asks for
 * {@code /api/shutdown} without a word about where it comes from. Therefore a browser that wants
 * something done has to show {@value #OURS}: no page can add a header of its own to a request to
 * another origin without asking there first (CORS preflight), which is refused.
 */
final class RequestGuard {
  /** The header that our page sends. */
  static final String OURS = "X-Teleproxy";

  private static final Set<String> OUR_HOSTS =
      Set.of("teleproxy", "teleproxy.", "127.254.254.254", "127.0.0.1", "localhost", "[::1]");

  private RequestGuard() {}

  /** The reason to refuse the request, if there is one. */
  static Optional<String> refusal(String method, String uri, HttpHeaders headers) {
    String host = headers.get(HttpHeaderNames.HOST);
    if (host == null || !OUR_HOSTS.contains(withoutPort(host))) {
      return Optional.of("Host is '" + host + "' (expected: teleproxy)");
    }
    String origin = headers.get(HttpHeaderNames.ORIGIN);
    if (origin != null && !origin.equalsIgnoreCase("http://" + host)) {
      return Optional.of("requests from web pages of another origin are refused: " + origin);
    }
    String site = headers.get("Sec-Fetch-Site");
    if (site != null && !site.equals("none") && !site.equals("same-origin")) {
      return Optional.of("requests from other sites' web pages are refused");
    }
    if (acts(method, uri) && isBrowser(headers) && !headers.contains(OURS)) {
      return Optional.of(
          "a browser may do this only by the page at http://teleproxy/, since any web page could"
              + " make it ask: use that page, 'teleproxy', or curl");
    }
    return Optional.empty();
  }

  /** Whether it is more than looking: {@code explain} connects to where it is asked to. */
  private static boolean acts(String method, String uri) {
    return !method.equals("GET")
        || uri.startsWith("/api/shutdown")
        || uri.startsWith("/api/explain");
  }

  /** Every browser says one of both, and no page can keep it from that. */
  private static boolean isBrowser(HttpHeaders headers) {
    String agent = headers.get(HttpHeaderNames.USER_AGENT);
    return headers.contains(HttpHeaderNames.ACCEPT_LANGUAGE)
        || (agent != null && agent.startsWith("Mozilla/"));
  }

  private static String withoutPort(String host) {
    int colon = host.lastIndexOf(':');
    String name = colon > host.lastIndexOf(']') ? host.substring(0, colon) : host;
    return name.toLowerCase(Locale.ROOT);
  }
}
