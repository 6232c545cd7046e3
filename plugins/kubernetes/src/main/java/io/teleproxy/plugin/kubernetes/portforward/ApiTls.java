package io.teleproxy.plugin.kubernetes.portforward;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.teleproxy.plugin.kubernetes.cluster.Access;
import java.util.concurrent.Executor;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * TLS of the connections to the API server: BoringSSL where its library fits this machine, else the
 * JDK's. Machine code from the first byte on is worth most in the first seconds of a run: the JDK's
 * needs some hundred megabytes to be compiled. Thread-safe.
 */
final class ApiTls {
  /** Some records of TLS, 16 KiB each. */
  private static final int MOST = 128 * 1024;

  private record Made(Access access, SslContext context) {
    // A renewed token needs no new context, a renewed certificate does.
    boolean fits(Access other) {
      return access.keyManager().equals(other.keyManager())
          && access.trustManager().equals(other.trustManager());
    }
  }

  private final ApiServer server;
  private volatile @Nullable Made last;

  ApiTls(ApiServer server) {
    this.server = server;
  }

  /** Whether {@link #context} has it ready. */
  boolean made(Access access) {
    Made made = last;
    return made != null && made.fits(access);
  }

  /**
   * The context for these credentials. One for all connections, since its sessions are resumed. If
   * it is not made yet, this reads keys, the first time a library too: not to be called on an event
   * loop then.
   *
   * @throws SSLException if a certificate or key cannot be used
   */
  SslContext context(Access access) throws SSLException {
    Made made = last;
    return made != null && made.fits(access) ? made.context : makeOnce(access);
  }

  private synchronized SslContext makeOnce(Access access) throws SSLException {
    Made made = last;
    if (made == null || !made.fits(access)) {
      made = new Made(access, make(access));
      last = made;
    }
    return made.context;
  }

  private static SslContext make(Access access) throws SSLException {
    if (!OpenSsl.isAvailable()) {
      return new JdkSslContext(
          access.sslContext(),
          true,
          null,
          IdentityCipherSuiteFilter.INSTANCE,
          null,
          ClientAuth.NONE,
          null,
          false);
    }
    SslContextBuilder builder =
        SslContextBuilder.forClient()
            .sslProvider(SslProvider.OPENSSL)
            .trustManager(access.trustManager());
    access.keyManager().ifPresent(builder::keyManager);
    return builder.build();
  }

  /**
   * Of one connection; the server's name is verified.
   *
   * @param worker for what blocks: key exchanges, certificates
   */
  SslHandler handler(SslContext context, ByteBufAllocator alloc, Executor worker) {
    SSLEngine engine = context.newEngine(alloc, server.tlsName(), server.port());
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    engine.setSSLParameters(parameters);
    return new SslHandler(engine, worker);
  }

  /** Into what the bytes of connections with this context are received. */
  static RecvByteBufAllocator receiving(SslContext context) {
    return context instanceof JdkSslContext
        ? new HeapReceiving()
        : new AdaptiveRecvByteBufAllocator(1024, 16 * 1024, MOST);
  }
}
