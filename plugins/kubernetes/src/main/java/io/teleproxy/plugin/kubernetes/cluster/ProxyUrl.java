package io.teleproxy.plugin.kubernetes.cluster;

import io.teleproxy.spi.UserException;
import java.net.URI;
import java.util.Locale;

/**
 * The proxy between this machine and the API server, {@code proxy-url} of a kubeconfig.
 *
 * @param socks SOCKS5 (RFC 1928), else HTTP CONNECT (RFC 9110 §9.3.6)
 * @param user empty if it asks for none
 */
public record ProxyUrl(boolean socks, String host, int port, String user, String password) {
  /**
   * @throws UserException if it is none of the kinds of proxies that are spoken here
   */
  static ProxyUrl of(Section cluster, String url) {
    URI uri;
    try {
      uri = URI.create(url);
    } catch (IllegalArgumentException e) {
      throw wrong(cluster);
    }
    String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
    boolean socks = scheme.equals("socks5") || scheme.equals("socks5h");
    if (uri.getHost() == null || !(socks || scheme.equals("http"))) {
      throw wrong(cluster);
    }
    String host = uri.getHost();
    String account = uri.getUserInfo() == null ? "" : uri.getUserInfo();
    int colon = account.indexOf(':');
    return new ProxyUrl(
        socks,
        host.startsWith("[") ? host.substring(1, host.length() - 1) : host,
        uri.getPort() > 0 ? uri.getPort() : socks ? 1080 : 80,
        colon < 0 ? account : account.substring(0, colon),
        colon < 0 ? "" : account.substring(colon + 1));
  }

  private static UserException wrong(Section cluster) {
    return cluster.wrong("proxy-url", "http://HOST:PORT or socks5://HOST:PORT");
  }

  /** Without the password. */
  @Override
  public String toString() {
    return (socks ? "socks5://" : "http://") + host + ":" + port;
  }
}
