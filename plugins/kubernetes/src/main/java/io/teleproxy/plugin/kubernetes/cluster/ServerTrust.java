package io.teleproxy.plugin.kubernetes.cluster;

import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/** Which API servers are believed: what a kubeconfig's section {@code cluster} says about it. */
final class ServerTrust {
  // GeneralName of RFC 5280 §4.2.1.6
  private static final Integer DNS_NAME = 2;
  private static final Integer IP_ADDRESS = 7;

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

  /** Believes what one of them believes. */
  static X509ExtendedTrustManager either(
      X509ExtendedTrustManager first, X509ExtendedTrustManager second) {
    return new ChainOnly() {
      @Override
      void check(X509Certificate[] chain, String authType) throws CertificateException {
        try {
          first.checkServerTrusted(chain, authType);
        } catch (CertificateException e) {
          second.checkServerTrusted(chain, authType);
        }
      }

      @Override
      public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
          throws CertificateException {
        try {
          first.checkServerTrusted(chain, authType, engine);
        } catch (CertificateException e) {
          second.checkServerTrusted(chain, authType, engine);
        }
      }
    };
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

  /**
   * Believes what these authorities believe, and that the server has the name by which it was
   * asked. Where the certificate has that very name, the JDK is not asked: it reads all public
   * authorities first, a tenth of a start, to see whether they are stricter about wildcards.
   */
  static X509ExtendedTrustManager asked(X509ExtendedTrustManager authorities) {
    return new ChainOnly() {
      @Override
      void check(X509Certificate[] chain, String authType) throws CertificateException {
        throw new CertificateException("the server's name is not known");
      }

      @Override
      public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
          throws CertificateException {
        String name = engine.getPeerHost();
        if (name != null && names(chain[0]).contains(name.toLowerCase(Locale.ROOT))) {
          authorities.checkServerTrusted(chain, authType);
        } else {
          authorities.checkServerTrusted(chain, authType, engine);
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
    String wanted = name.toLowerCase(Locale.ROOT);
    int dot = wanted.indexOf('.');
    Set<String> names = names(certificate);
    return names.contains(wanted) || (dot > 0 && names.contains("*" + wanted.substring(dot)));
  }

  /** The DNS names and addresses of which it says that it is for them (RFC 5280 §4.2.1.6). */
  private static Set<String> names(X509Certificate certificate) throws CertificateException {
    Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
    Set<String> names = new HashSet<>();
    for (List<?> alternative : alternatives == null ? List.<List<?>>of() : alternatives) {
      Object type = alternative.get(0);
      if (type.equals(DNS_NAME) || type.equals(IP_ADDRESS)) {
        names.add(String.valueOf(alternative.get(1)).toLowerCase(Locale.ROOT));
      }
    }
    return names;
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
