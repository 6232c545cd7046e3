package io.teleproxy.plugin.kubernetes.cluster;

import java.util.List;
import java.util.Optional;

/**
 * What a client needs to be let in by the API server, as of now. Compared by identity: a new one is
 * made whenever the credentials change.
 */
public final class Access {
  /** An HTTP request header. */
  public record Header(String name, String value) {}

  private final List<Header> headers;
  private final ClientTls tls;

  Access(List<Header> headers, ClientTls tls) {
    this.headers = List.copyOf(headers);
    this.tls = tls;
  }

  /** Headers for every request: Authorization and the impersonation headers, where there are. */
  public List<Header> headers() {
    return headers;
  }

  /** The value of the Authorization header; empty where a client certificate says it all. */
  public Optional<String> authorization() {
    return headers.stream()
        .filter(header -> header.name().equals("Authorization"))
        .map(Header::value)
        .findFirst();
  }

  /** The same one for as long as the client certificate is: connections made with it stay good. */
  public ClientTls tls() {
    return tls;
  }
}
