package io.teleproxy.plugin.kubernetes.cluster;

import io.teleproxy.plugin.kubernetes.cluster.Access.Header;
import io.teleproxy.plugin.kubernetes.cluster.ExecPlugin.Credential;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Makes {@link Access} out of a kubeconfig, as often as its credentials change. Used by one thread
 * at a time.
 */
final class Credentials {
  /** Token files are read again that often: service account tokens on disk are rotated. */
  private static final Duration TOKEN_FILE_LIFETIME = Duration.ofMinutes(1);

  private static final Duration FOREVER = Duration.ofNanos(Long.MAX_VALUE);

  /** So long credentials, or that there are none, count: lest a plugin runs for each connection. */
  static final Duration SHORTEST_LIFE = Duration.ofSeconds(2);

  /** Credentials are renewed so long before they expire. */
  private static final Duration EARLY = Duration.ofSeconds(10);

  /**
   * An access and how long it is used. The wall clock decides about nothing but the expiry, which
   * is told by it; where that clock is wrong, or jumps, the server's refusal does.
   *
   * @param made when, as of {@link System#nanoTime}
   * @param longest after which it is looked whether there is another
   * @param expires {@link Instant#MAX} if it does not by itself
   */
  record Timed(Access access, long made, Duration longest, Instant expires) {
    boolean good() {
      Duration age = Duration.ofNanos(System.nanoTime() - made);
      return age.compareTo(SHORTEST_LIFE) < 0
          || (age.compareTo(longest) < 0 && Instant.now().isBefore(expires));
    }
  }

  private final Kubeconfig kubeconfig;
  private final Section user;
  private final Optional<Path> tokenFile;
  private final Optional<ExecPlugin> plugin;
  private @Nullable X509ExtendedTrustManager trust;
  private @Nullable ClientTls tls;

  /**
   * @throws UserException if the kubeconfig names files or commands that are not there, or a kind
   *     of credentials that is not supported
   */
  Credentials(Kubeconfig kubeconfig, Environment environment) {
    this.kubeconfig = kubeconfig;
    this.user =
        kubeconfig
            .user()
            .orElseGet(() -> new Section(java.util.Map.of(), kubeconfig.cluster().file(), "users"));
    readable(kubeconfig.cluster(), "certificate-authority");
    readable(user, "client-certificate");
    readable(user, "client-key");
    this.tokenFile = readable(user, "tokenFile");
    this.plugin =
        user.section("exec").map(e -> new ExecPlugin(e, kubeconfig.cluster(), environment));
    Optional<Section> provider = user.section("auth-provider");
    if (provider.isPresent() && oidcToken(provider.get()).isEmpty()) {
      throw new UserException(
          "kubeconfig "
              + user.file()
              + ": "
              + user.path()
              + ".auth-provider '"
              + provider.get().text("name").orElse("")
              + "' is not supported",
          "Use a credential plugin (exec) instead, as kubectl does since 1.26.");
    }
  }

  /** Whether a new access may differ from the last one: otherwise a refusal is final. */
  boolean renewable() {
    return plugin.isPresent() || tokenFile.isPresent();
  }

  /**
   * Whether the certificates in kubeconfig and files are whole.
   *
   * @throws UserException if one is not
   */
  void check() {
    clientCertificate();
  }

  /**
   * Makes an access; runs the credential plugin, if there is one.
   *
   * @throws UserException if that fails
   */
  Timed renew() {
    Instant expires = Instant.MAX;
    Duration longest = FOREVER;
    Optional<String> authorization = Optional.empty();
    X509ExtendedKeyManager key = clientCertificate();
    if (plugin.isPresent()) {
      Credential credential = plugin.get().run();
      authorization = credential.token().map(token -> "Bearer " + token);
      if (credential.certificate().isPresent()) {
        key = certificate(credential);
      }
      expires = credential.expires().map(end -> end.minus(EARLY)).orElse(Instant.MAX);
    } else if (tokenFile.isPresent()) {
      authorization = Optional.of("Bearer " + text(tokenFile.get()));
      longest = TOKEN_FILE_LIFETIME;
    } else if (user.text("token").isPresent()) {
      authorization = user.text("token").map(token -> "Bearer " + token);
    } else if (user.text("username").isPresent()) {
      authorization = user.text("username").map(this::basic);
    } else {
      authorization =
          user.section("auth-provider")
              .flatMap(Credentials::oidcToken)
              .map(token -> "Bearer " + token);
    }
    List<Header> headers = new ArrayList<>();
    authorization.ifPresent(value -> headers.add(new Header("Authorization", value)));
    user.text("as").ifPresent(name -> headers.add(new Header("Impersonate-User", name)));
    for (String group : user.texts("as-groups")) {
      headers.add(new Header("Impersonate-Group", group));
    }
    return new Timed(access(headers, key), System.nanoTime(), longest, expires);
  }

  private Access access(List<Header> headers, @Nullable X509ExtendedKeyManager key) {
    try {
      return new Access(headers, tls(key, trust()));
    } catch (GeneralSecurityException e) {
      throw unusable(kubeconfig.cluster(), "certificate-authority", e);
    }
  }

  private ClientTls tls(@Nullable X509ExtendedKeyManager key, X509ExtendedTrustManager trusted) {
    ClientTls known = tls;
    if (known != null && known.fits(key, trusted)) {
      return known;
    }
    ClientTls made = new ClientTls(key, trusted);
    tls = made;
    return made;
  }

  private X509ExtendedTrustManager trust() throws GeneralSecurityException {
    X509ExtendedTrustManager known = trust;
    if (known != null) {
      return known;
    }
    Section cluster = kubeconfig.cluster();
    X509ExtendedTrustManager made;
    if (cluster.flag("insecure-skip-tls-verify")) {
      made = ServerTrust.everyone();
    } else {
      made = authorities();
      Optional<String> name = cluster.text("tls-server-name");
      made = name.isPresent() ? ServerTrust.named(name.get(), made) : ServerTrust.asked(made);
    }
    trust = made;
    return made;
  }

  private X509ExtendedTrustManager authorities() throws GeneralSecurityException {
    Optional<byte[]> pem = dataOrFile(kubeconfig.cluster(), "certificate-authority");
    X509Certificate[] authorities = pem.isPresent() ? PemKeys.certificates(pem.get()) : null;
    return ServerTrust.authorities(Optional.ofNullable(authorities));
  }

  /**
   * TLS with a proxy before the API server. As kubectl does, it believes the kubeconfig's
   * authorities; the JDK's as well, and the user's certificate is not shown.
   */
  ClientTls proxyTls() {
    try {
      X509ExtendedTrustManager trusted =
          kubeconfig.cluster().flag("insecure-skip-tls-verify")
              ? ServerTrust.everyone()
              : ServerTrust.either(authorities(), ServerTrust.authorities(Optional.empty()));
      return new ClientTls(null, trusted);
    } catch (GeneralSecurityException e) {
      throw unusable(kubeconfig.cluster(), "certificate-authority", e);
    }
  }

  private @Nullable X509ExtendedKeyManager clientCertificate() {
    Optional<byte[]> certificate = dataOrFile(user, "client-certificate");
    Optional<byte[]> key = dataOrFile(user, "client-key");
    if (certificate.isEmpty()) {
      return null;
    }
    if (key.isEmpty()) {
      throw user.wrong("client-key", "the key of the client certificate");
    }
    try {
      return new ClientCertificate(
          PemKeys.certificates(certificate.get()), PemKeys.privateKey(key.get()));
    } catch (GeneralSecurityException e) {
      throw unusable(user, "client-certificate, client-key", e);
    }
  }

  private ClientCertificate certificate(Credential credential) {
    try {
      return new ClientCertificate(
          PemKeys.certificates(
              credential.certificate().orElse("").getBytes(StandardCharsets.US_ASCII)),
          PemKeys.privateKey(credential.key().orElse("").getBytes(StandardCharsets.US_ASCII)));
    } catch (GeneralSecurityException e) {
      throw unusable(user, "exec", e);
    }
  }

  private String basic(String name) {
    String pair = name + ":" + user.text("password").orElse("");
    return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
  }

  private static Optional<String> oidcToken(Section provider) {
    return provider.section("config").flatMap(config -> config.text("id-token"));
  }

  /** {@code KEY-data} in base64, else the content of the file {@code KEY}. */
  private static Optional<byte[]> dataOrFile(Section section, String key) {
    Optional<String> data = section.text(key + "-data");
    if (data.isPresent()) {
      try {
        return Optional.of(Base64.getMimeDecoder().decode(data.get()));
      } catch (IllegalArgumentException e) {
        throw section.wrong(key + "-data", "base64");
      }
    }
    return section.file(key).map(Credentials::bytes);
  }

  private static Optional<Path> readable(Section section, String key) {
    Optional<Path> path = section.file(key);
    // The data form wins over the file, which then need not be there.
    if (path.isPresent()
        && section.text(key + "-data").isEmpty()
        && !Files.isReadable(path.get())) {
      throw new UserException(
          "kubeconfig "
              + section.file()
              + ": "
              + section.path()
              + "."
              + key
              + " names "
              + path.get()
              + (Files.exists(path.get()) ? ", which may not be read" : ", which does not exist"),
          "Restore the file, or choose another context with --context.");
    }
    return path;
  }

  private static String text(Path path) {
    return new String(bytes(path), StandardCharsets.UTF_8).strip();
  }

  private static byte[] bytes(Path path) {
    try {
      return Files.readAllBytes(path);
    } catch (IOException e) {
      throw new UserException(path + " cannot be read: " + e.getMessage(), "Restore the file.", e);
    }
  }

  private static UserException unusable(Section section, String keys, Exception cause) {
    return new UserException(
        "kubeconfig "
            + section.file()
            + ": "
            + section.path()
            + ": "
            + keys
            + " cannot be used: "
            + cause.getMessage(),
        "Get a fresh kubeconfig from whoever runs the cluster.",
        cause);
  }
}
