package io.teleproxy.plugin.kubernetes.cluster;

import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/** Which API servers are believed: what a kubeconfig's section {@code cluster} says about it. */
final class ServerTrust {
  private ServerTrust() {}

  /** Believes these authorities and no others; the JDK's own where there are none. */
  static X509ExtendedTrustManager authorities(Optional<X509Certificate[]> authorities)
      throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    KeyStore store = null;
    if (authorities.isPresent()) {
      store = KeyStore.getInstance(KeyStore.getDefaultType());
      try {
        store.load(null, null);
      } catch (IOException e) {
        throw new IllegalStateException("an empty key store needs no input", e);
      }
      for (X509Certificate authority : authorities.get()) {
        store.setCertificateEntry("ca" + store.size(), authority);
      }
    }
    factory.init(store);
    for (TrustManager manager : factory.getTrustManagers()) {
      if (manager instanceof X509ExtendedTrustManager x509) {
        return x509;
      }
    }
    throw new GeneralSecurityException("the JDK has no X.509 trust manager");
  }

  /** {@code insecure-skip-tls-verify}: believes everyone, as the user asked for. */
  static X509ExtendedTrustManager everyone() {
    return new ChainOnly() {
      @Override
      void check(X509Certificate[] chain, String authType) {}
    };
  }

  /** {@code tls-server-name}: the certificate must be for this name, not for the URL's host. */
  static X509ExtendedTrustManager named(String name, X509ExtendedTrustManager authorities) {
    return new ChainOnly() {
      @Override
      void check(X509Certificate[] chain, String authType) throws CertificateException {
        authorities.checkServerTrusted(chain, authType);
        if (!isFor(chain[0], name)) {
          throw new CertificateException("the server's certificate is not for " + name);
        }
      }

      @Override
      public X509Certificate[] getAcceptedIssuers() {
        return authorities.getAcceptedIssuers();
      }
    };
  }

  /** RFC 6125 §6.4: a DNS or address SAN, with a wildcard as the whole leftmost label at most. */
  static boolean isFor(X509Certificate certificate, String name) throws CertificateException {
    Collection<List<?>> names = certificate.getSubjectAlternativeNames();
    if (names == null) {
      return false;
    }
    String wanted = name.toLowerCase(Locale.ROOT);
    int dot = wanted.indexOf('.');
    for (List<?> entry : names) {
      String candidate = String.valueOf(entry.get(1)).toLowerCase(Locale.ROOT);
      if (candidate.equals(wanted)
          || (candidate.startsWith("*.")
              && dot > 0
              && candidate.substring(1).equals(wanted.substring(dot)))) {
        return true;
      }
    }
    return false;
  }

  /** A trust manager that decides by the chain alone: the JDK then verifies no host name. */
  private abstract static class ChainOnly extends X509ExtendedTrustManager {
    abstract void check(X509Certificate[] chain, String authType) throws CertificateException;

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType)
        throws CertificateException {
      check(chain, authType);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
        throws CertificateException {
      check(chain, authType);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
        throws CertificateException {
      check(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType)
        throws CertificateException {
      throw new CertificateException("no clients here");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
        throws CertificateException {
      throw new CertificateException("no clients here");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
        throws CertificateException {
      throw new CertificateException("no clients here");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
