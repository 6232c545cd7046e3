package io.teleproxy.plugin.kubernetes.cluster;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Settings;
import io.teleproxy.spi.UserException;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One cluster during one run, shared by the plugin's watcher and tunnel: what the watcher has seen,
 * the tunnel uses. Thread-safe; no method blocks.
 *
 * <p>Settings: {@code kubeconfig}, {@code context}, {@code namespace}, {@code cluster-domain},
 * {@code exec-timeout}.
 */
public final class ClusterSession implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterSession.class);

  private static final Pattern DOMAIN =
      Pattern.compile("[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*");

  /** What makes two sessions the same. */
  private record Key(
      KubeconfigFiles files, Optional<String> context, String namespace, String clusterDomain) {
    private List<Object> values() {
      return List.of(files.paths(), files.origin(), context, namespace, clusterDomain);
    }

    // Those that a record has by itself are linked at their first call, which a start would feel.

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Key key && values().equals(key.values());
    }

    @Override
    public int hashCode() {
      return values().hashCode();
    }
  }

  private static final Map<Key, ClusterSession> SHARED = new HashMap<>();

  private final Key key;
  private final Environment environment;
  private final Optional<ProxyUrl> proxy;
  private final CompletableFuture<ClusterView> firstView = new CompletableFuture<>();
  private volatile ClusterView view = ClusterView.NOTHING_YET;

  /** As it was read last; of the same place all the time. */
  private volatile Kubeconfig kubeconfig;

  private final AccessRenewal access;

  // guarded by this
  private List<String> certificates;

  // guarded by SHARED
  private int users;

  private ClusterSession(Key key, Environment environment) {
    this.key = key;
    this.environment = environment;
    this.kubeconfig = Kubeconfig.load(key.files(), key.context());
    this.certificates = contents(kubeconfig.certificateFiles());
    this.access = new AccessRenewal(new Credentials(kubeconfig, environment));
    this.proxy = ProxyUrl.of(kubeconfig, environment.variables());
  }

  /**
   * The session for these settings: the one that is open already, or a new one. Every caller closes
   * what it acquired, once.
   *
   * @throws UserException if the kubeconfig cannot be used, saying what is wrong with it
   */
  public static ClusterSession acquire(Environment environment) {
    Key key = key(environment);
    synchronized (SHARED) {
      ClusterSession session = SHARED.get(key);
      if (session == null) {
        session = new ClusterSession(key, environment);
        SHARED.put(key, session);
      }
      session.users++;
      return session;
    }
  }

  private static String domain(Settings settings) {
    String domain = settings.string("cluster-domain", "").toLowerCase(Locale.ROOT);
    domain = domain.endsWith(".") ? domain.substring(0, domain.length() - 1) : domain;
    if (!domain.isEmpty() && !DOMAIN.matcher(domain).matches()) {
      throw new UserException(
          "plugins.kubernetes.cluster-domain: '"
              + domain
              + "' (expected: a domain as in cluster.local)",
          "Correct it, or leave it out: it is found out then.");
    }
    return domain;
  }

  private static Key key(Environment environment) {
    Settings settings = environment.settings();
    return new Key(
        KubeconfigFiles.of(environment),
        settings.string("context").filter(name -> !name.isEmpty()),
        settings.string("namespace", ""),
        domain(settings));
  }

  /**
   * A new session in place of the one that is open for these settings: who acquires from now on
   * gets this one. The other one stays with those who have it.
   *
   * @throws UserException if the kubeconfig cannot be used
   */
  public static ClusterSession renew(Environment environment) {
    Key key = key(environment);
    synchronized (SHARED) {
      ClusterSession session = new ClusterSession(key, environment);
      SHARED.put(key, session);
      session.users++;
      return session;
    }
  }

  /** The files to which these settings lead, as KUBECONFIG would name them. */
  public String kubeconfigs() {
    StringBuilder names = new StringBuilder();
    for (Path path : key.files().paths()) {
      names.append(names.isEmpty() ? "" : File.pathSeparator).append(path.toAbsolutePath());
    }
    return names.toString();
  }

  /** The files to which these settings lead, and those with certificates that they name. */
  public List<Path> files() {
    List<Path> files = new ArrayList<>(key.files().paths());
    files.addAll(kubeconfig.certificateFiles());
    return List.copyOf(files);
  }

  private static List<String> contents(List<Path> files) {
    List<String> contents = new ArrayList<>();
    for (Path file : files) {
      try {
        contents.add(Files.readString(file, StandardCharsets.ISO_8859_1));
      } catch (IOException e) {
        // Whoever needs it says so.
        contents.add("");
      }
    }
    return contents;
  }

  /**
   * Reads the files again. Other credentials of the same user, written there or in the files that
   * they name, are used from now on; connections that were made with the old ones stay.
   *
   * @return whether they lead somewhere else by now: to another context, server, user or namespace
   * @throws UserException if they cannot be used any more
   */
  public boolean leadsElsewhere() {
    Kubeconfig now = Kubeconfig.load(key.files(), key.context());
    if (!now.isSamePlace(kubeconfig)) {
      return true;
    }
    List<String> certificatesNow = contents(now.certificateFiles());
    synchronized (this) {
      if (!now.equals(kubeconfig) || !certificatesNow.equals(certificates)) {
        Credentials renewed = new Credentials(now, environment);
        renewed.check();
        access.replace(renewed);
        kubeconfig = now;
        certificates = certificatesNow;
        LOG.info(
            "kubeconfig: other credentials of the same user are used: [context={}]", context());
      }
    }
    return false;
  }

  /** The API server's URL, without final slash; may have a path. */
  public URI server() {
    return kubeconfig.server();
  }

  /** The name that the server's certificate is for, where it is not the URL's host. */
  public Optional<String> tlsServerName() {
    return kubeconfig.cluster().text("tls-server-name");
  }

  /**
   * The proxy through which the API server is reached, where kubeconfig or environment name one.
   */
  public Optional<ProxyUrl> proxy() {
    return proxy;
  }

  /**
   * TLS with the proxy itself, where it is one that speaks that; reads files.
   *
   * @throws io.teleproxy.spi.UserException if its authorities cannot be used
   */
  public ClientTls proxyTls() {
    return access.proxyTls();
  }

  public String context() {
    return kubeconfig.context();
  }

  /** The namespace to which relative names belong: setting, else the context's, else default. */
  public String namespace() {
    return key.namespace().isEmpty() ? kubeconfig.namespace() : key.namespace();
  }

  /** The setting {@code cluster-domain}, if there is one; without dots around. */
  public Optional<String> configuredDomain() {
    return Optional.of(key.clusterDomain()).filter(domain -> !domain.isEmpty());
  }

  /**
   * The current credentials. Complete at once unless they have to be made or have expired; fails
   * with {@link UserException} (as the cause) if they cannot be had.
   */
  public CompletableFuture<Access> access() {
    return access.access();
  }

  /**
   * The server answered 401 to these credentials: the next {@link #access} makes new ones.
   *
   * @return false if that would change nothing, because they are written in the kubeconfig
   */
  public boolean refused(Access shown) {
    return access.refused(shown);
  }

  /** What the watcher knows of the cluster by now; take it once per question. */
  public ClusterView view() {
    return view;
  }

  /** Completes with the first view after the cluster has been read; may never. */
  public CompletableFuture<ClusterView> firstView() {
    return firstView.copy();
  }

  /** The watcher's, after each change. */
  public void publish(ClusterView newView) {
    view = newView;
    firstView.complete(newView);
  }

  @Override
  public void close() {
    synchronized (SHARED) {
      if (--users == 0) {
        SHARED.remove(key, this);
      }
    }
  }
}
