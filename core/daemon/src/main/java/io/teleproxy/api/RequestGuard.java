package io.teleproxy.api;

import java.net.URI;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Refuses what no program of the owner would send: requests under a foreign Host (DNS rebinding)
 * and requests that a web page makes (cross-site request forgery; Fetch Metadata, {@code
 * Sec-Fetch-Site}).
 */
final class RequestGuard {
  private static final Set<String> OUR_HOSTS =
      Set.of("teleproxy", "teleproxy.", "127.254.254.254", "127.0.0.1", "localhost", "[::1]");

  private RequestGuard() {}

  /** The reason to refuse the request, if there is one. */
  static Optional<String> refusal(
      @Nullable String host, @Nullable String origin, @Nullable String fetchSite) {
    if (host == null || !OUR_HOSTS.contains(withoutPort(host))) {
      return Optional.of("Host is '" + host + "' (expected: teleproxy)");
    }
    if (origin != null && !isOurs(origin)) {
      return Optional.of("requests from web pages of another origin are refused: " + origin);
    }
    if (fetchSite != null && !fetchSite.equals("none") && !fetchSite.equals("same-origin")) {
      return Optional.of("requests from other sites' web pages are refused");
    }
    return Optional.empty();
  }

  private static boolean isOurs(String origin) {
    try {
      String host = URI.create(origin).getHost();
      return host != null && OUR_HOSTS.contains(host.toLowerCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static String withoutPort(String host) {
    int colon = host.lastIndexOf(':');
    String name = colon > host.lastIndexOf(']') ? host.substring(0, colon) : host;
    return name.toLowerCase(Locale.ROOT);
  }
}
