package io.teleproxy.plugin.kubernetes.cluster;

import io.teleproxy.spi.UserException;
import java.net.URI;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The proxy between this machine and the API server: {@code proxy-url} of a kubeconfig, else that
 * of the user's environment.
 *
 * @param kind what it speaks
 * @param user empty if it asks for none
 */
public record ProxyUrl(Kind kind, String host, int port, String user, String password) {
  /** What proxies speak. */
  public enum Kind {
    /** HTTP CONNECT (RFC 9110 §9.3.6). */
    HTTP(80),
    /** The same within TLS. */
    HTTPS(443),
    /** RFC 1928. */
    SOCKS5(1080);

    private final int port;

    Kind(int port) {
      this.port = port;
    }
  }

  /** Where there is none of them, as mostly, nothing more is loaded at a start. */
  private static final String[] VARIABLES = {
    "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"
  };

  static final String KINDS = "http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT";

  /**
   * @param variables the user's environment
   * @return empty if the API server is reached without one
   * @throws UserException if it is none of the kinds of proxies that are spoken here
   */
  static Optional<ProxyUrl> of(Kubeconfig kubeconfig, Map<String, String> variables) {
    Section cluster = kubeconfig.cluster();
    Optional<String> url = cluster.text("proxy-url");
    if (url.isPresent()) {
      return Optional.of(parse(url.get()).orElseThrow(() -> cluster.wrong("proxy-url", KINDS)));
    }
    for (String name : VARIABLES) {
      if (variables.containsKey(name)) {
        return EnvironmentProxy.of(kubeconfig.server(), variables);
      }
    }
    return Optional.empty();
  }

  /** Empty if it is none of the kinds of proxies that are spoken here. */
  static Optional<ProxyUrl> parse(String url) {
    URI uri;
    try {
      uri = URI.create(url);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
    String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
    Kind kind =
        switch (scheme) {
          case "http" -> Kind.HTTP;
          case "https" -> Kind.HTTPS;
          case "socks5", "socks5h" -> Kind.SOCKS5;
          default -> null;
        };
    if (uri.getHost() == null || kind == null) {
      return Optional.empty();
    }
    String host = uri.getHost();
    String account = uri.getUserInfo() == null ? "" : uri.getUserInfo();
    int colon = account.indexOf(':');
    return Optional.of(
        new ProxyUrl(
            kind,
            host.startsWith("[") ? host.substring(1, host.length() - 1) : host,
            uri.getPort() > 0 ? uri.getPort() : kind.port,
            colon < 0 ? account : account.substring(0, colon),
            colon < 0 ? "" : account.substring(colon + 1)));
  }

  /** Without the password. */
  @Override
  public String toString() {
    return kind.name().toLowerCase(Locale.ROOT) + "://" + host + ":" + port;
  }
}
