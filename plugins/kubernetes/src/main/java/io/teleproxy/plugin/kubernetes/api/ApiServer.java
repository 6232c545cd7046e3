package io.teleproxy.plugin.kubernetes.api;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.teleproxy.plugin.kubernetes.cluster.Access;
import java.net.URI;

/**
 * Where the API server is.
 *
 * @param path prefix of all requests, without final slash; often empty
 * @param tls false for plain HTTP, as {@code kubectl proxy} serves it
 * @param tlsName the name that is asked for in the TLS handshake
 */
record ApiServer(String host, int port, String path, boolean tls, String tlsName) {
  static ApiServer of(URI url, String tlsServerName) {
    String host = url.getHost();
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    boolean tls = "https".equalsIgnoreCase(url.getScheme());
    int port = url.getPort() >= 0 ? url.getPort() : tls ? 443 : 80;
    String path = url.getRawPath() == null ? "" : url.getRawPath();
    return new ApiServer(
        host,
        port,
        path.endsWith("/") ? path.substring(0, path.length() - 1) : path,
        tls,
        tlsServerName.isEmpty() ? host : tlsServerName);
  }

  /** Value of the Host header. */
  String authority() {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }

  /**
   * A request to it, with what shows who asks.
   *
   * @param path behind the prefix, with query
   * @param content to be released with the request
   */
  FullHttpRequest request(HttpMethod method, String path, ByteBuf content, Access access) {
    FullHttpRequest request =
        new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, method, this.path + path, content);
    HttpHeaders headers = request.headers();
    headers.set(HttpHeaderNames.HOST, authority());
    headers.set(HttpHeaderNames.USER_AGENT, "teleproxy");
    for (Access.Header header : access.headers()) {
      headers.add(header.name(), header.value());
    }
    return request;
  }
}
