package io.teleproxy.plugin.kubernetes.cluster;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.security.GeneralSecurityException;
import java.util.Objects;
import java.util.concurrent.Executor;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * TLS of the connections to the API server, for as long as the same client certificate is shown:
 * BoringSSL where its library fits this machine, else the JDK's. Machine code from the first byte
 * on is worth most in the first seconds of a run: the JDK's needs some hundred megabytes to be
 * compiled. Thread-safe.
 */
public final class ClientTls {
  /** Some records of TLS, 16 KiB each. */
  private static final int MOST = 128 * 1024;

  private final @Nullable X509ExtendedKeyManager key;
  private final X509ExtendedTrustManager trust;
  private volatile @Nullable SslContext context;

  /**
   * @param key shows the user's certificate; null if there is none
   * @param trust which servers are believed
   */
  ClientTls(@Nullable X509ExtendedKeyManager key, X509ExtendedTrustManager trust) {
    this.key = key;
    this.trust = trust;
  }

  /** Whether it is of the same certificate and trust. */
  boolean fits(@Nullable X509ExtendedKeyManager otherKey, X509ExtendedTrustManager otherTrust) {
    return Objects.equals(key, otherKey) && trust == otherTrust;
  }

  /** Whether {@link #secure} has all it needs, and does not block. */
  public boolean made() {
    return context != null;
  }

  /**
   * Begins TLS on a new connection; the server's name is verified. The first time it reads keys and
   * a library: not to be called on an event loop unless {@link #made}.
   *
   * @param name the server's, as its certificate has it
   * @param worker for what blocks: key exchanges, certificates
   * @throws SSLException if a certificate or key cannot be used
   */
  public void secure(Channel channel, String name, int port, Executor worker) throws SSLException {
    SslContext made = context();
    channel.config().setRecvByteBufAllocator(receiving(made));
    channel.pipeline().addLast(handler(made, channel.alloc(), name, port, worker));
  }

  /**
   * Reads keys and the library. One for all connections, since its sessions are resumed.
   *
   * @throws SSLException if a certificate or key cannot be used
   */
  public SslContext context() throws SSLException {
    SslContext made = context;
    return made != null ? made : makeOnce();
  }

  private synchronized SslContext makeOnce() throws SSLException {
    SslContext made = context;
    if (made == null) {
      made = OpenSsl.isAvailable() ? ofLibrary() : ofJdk();
      context = made;
    }
    return made;
  }

  private SslContext ofLibrary() throws SSLException {
    SslContextBuilder builder =
        SslContextBuilder.forClient().sslProvider(SslProvider.OPENSSL).trustManager(trust);
    if (key != null) {
      builder.keyManager(key);
    }
    return builder.build();
  }

  private SslContext ofJdk() throws SSLException {
    try {
      SSLContext jdk = SSLContext.getInstance("TLS");
      jdk.init(
          key == null ? new KeyManager[0] : new KeyManager[] {key},
          new TrustManager[] {trust},
          null);
      return new JdkSslContext(
          jdk, true, null, IdentityCipherSuiteFilter.INSTANCE, null, ClientAuth.NONE, null, false);
    } catch (GeneralSecurityException e) {
      throw new SSLException(e.getMessage(), e);
    }
  }

  private static SslHandler handler(
      SslContext context, ByteBufAllocator alloc, String name, int port, Executor worker) {
    SSLEngine engine = context.newEngine(alloc, name, port);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    engine.setSSLParameters(parameters);
    return new SslHandler(engine, worker);
  }

  private static RecvByteBufAllocator receiving(SslContext context) {
    return context instanceof JdkSslContext
        ? new HeapReceiving()
        : new AdaptiveRecvByteBufAllocator(1024, 16 * 1024, MOST);
  }
}
