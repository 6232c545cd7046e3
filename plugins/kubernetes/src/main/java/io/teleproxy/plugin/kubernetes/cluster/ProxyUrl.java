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
 * @param socks SOCKS5 (RFC 1928), else HTTP CONNECT (RFC 9110 §9.3.6)
 * @param user empty if it asks for none
 */
public record ProxyUrl(boolean socks, String host, int port, String user, String password) {
  /** Where there is none of them, as mostly, nothing more is loaded at a start. */
  private static final String[] VARIABLES = {
    "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"
  };

  static final String KINDS = "http://HOST:PORT or socks5://HOST:PORT";

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
    boolean socks = scheme.equals("socks5") || scheme.equals("socks5h");
    if (uri.getHost() == null || !(socks || scheme.equals("http"))) {
      return Optional.empty();
    }
    String host = uri.getHost();
    String account = uri.getUserInfo() == null ? "" : uri.getUserInfo();
    int colon = account.indexOf(':');
    return Optional.of(
        new ProxyUrl(
            socks,
            host.startsWith("[") ? host.substring(1, host.length() - 1) : host,
            uri.getPort() > 0 ? uri.getPort() : socks ? 1080 : 80,
            colon < 0 ? account : account.substring(0, colon),
            colon < 0 ? "" : account.substring(colon + 1)));
  }

  /** Without the password. */
  @Override
  public String toString() {
    return (socks ? "socks5://" : "http://") + host + ":" + port;
  }
}
