package io.teleproxy.plugin.kubernetes.cluster;

import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * What a client needs to be let in by the API server, as of now. Compared by identity: a new one is
 * made whenever the credentials change.
 *
 * <p>Host names are verified by {@link #trustManager}: JDK clients and netty with endpoint
 * identification {@code HTTPS} do the right thing.
 */
public final class Access {
  /** An HTTP request header. */
  public record Header(String name, String value) {}

  private final List<Header> headers;
  private final @Nullable X509ExtendedKeyManager keyManager;
  private final X509ExtendedTrustManager trustManager;
  private final SSLContext sslContext;

  Access(
      List<Header> headers,
      @Nullable X509ExtendedKeyManager keyManager,
      X509ExtendedTrustManager trustManager,
      SSLContext sslContext) {
    this.headers = List.copyOf(headers);
    this.keyManager = keyManager;
    this.trustManager = trustManager;
    this.sslContext = sslContext;
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

  /** Presents the client certificate; empty if the user has none. */
  public Optional<KeyManager> keyManager() {
    return Optional.ofNullable(keyManager);
  }

  public TrustManager trustManager() {
    return trustManager;
  }

  /** A context of these managers. */
  public SSLContext sslContext() {
    return sslContext;
  }
}
