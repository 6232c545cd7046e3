package io.teleproxy.plugin.kubernetes.cluster;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * Presents one client certificate, whatever issuers the server lists. Without the JDK's key store
 * in between, which would encrypt the key only to decrypt it again (50 ms at start).
 */
final class ClientCertificate extends X509ExtendedKeyManager {
  private static final String ALIAS = "user";

  private final X509Certificate[] chain;
  private final PrivateKey key;

  ClientCertificate(X509Certificate[] chain, PrivateKey key) {
    this.chain = chain.clone();
    this.key = key;
  }

  /** Whether it shows the same: a renewed token leaves the certificate as it is. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ClientCertificate that
        && Arrays.equals(chain, that.chain)
        && key.equals(that.key);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(chain);
  }

  @Override
  public @Nullable String chooseEngineClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    String algorithm = chain[0].getPublicKey().getAlgorithm();
    for (String type : keyTypes) {
      if (type.equals(algorithm)) {
        return ALIAS;
      }
    }
    return null;
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return chooseEngineClientAlias(keyTypes, issuers, null);
  }

  @Override
  public String[] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return new String[] {ALIAS};
  }

  @Override
  public X509Certificate[] getCertificateChain(String alias) {
    return chain.clone();
  }

  @Override
  public PrivateKey getPrivateKey(String alias) {
    return key;
  }

  @Override
  public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return null;
  }
}
