package io.teleproxy.plugin.kubernetes.cluster;

import io.teleproxy.plugin.kubernetes.cluster.Credentials.Timed;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Settings;
import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
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

  /** So long credentials, or that there are none, count: lest a plugin runs for each connection. */
  private static final Duration SHORTEST_LIFE = Duration.ofSeconds(2);

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

  // guarded by this
  private List<String> certificates;
  private Credentials credentials;
  private @Nullable Timed current;
  private @Nullable CompletableFuture<Access> renewal;

  /** What the last attempt to make credentials has failed with, and is told for a while. */
  private @Nullable CompletableFuture<Access> failed;

  private long failedAt;

  // guarded by SHARED
  private int users;

  private ClusterSession(Key key, Environment environment) {
    this.key = key;
    this.environment = environment;
    this.kubeconfig = Kubeconfig.load(key.files(), key.context());
    this.certificates = contents(kubeconfig.certificateFiles());
    this.credentials = new Credentials(kubeconfig, environment);
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
        credentials = renewed;
        kubeconfig = now;
        certificates = certificatesNow;
        current = null;
        failed = null;
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
  public synchronized CompletableFuture<Access> access() {
    Timed known = current;
    if (known != null && Instant.now().isBefore(known.expires())) {
      return CompletableFuture.completedFuture(known.access());
    }
    CompletableFuture<Access> latest = failed;
    if (latest != null && System.nanoTime() - failedAt < SHORTEST_LIFE.toNanos()) {
      return latest.copy();
    }
    if (renewal == null) {
      CompletableFuture<Access> started = new CompletableFuture<>();
      renewal = started;
      Thread thread = new Thread(() -> renew(started), "kubernetes-credentials");
      thread.setDaemon(true);
      thread.start();
    }
    return renewal.copy();
  }

  /**
   * The server answered 401 to these credentials: the next {@link #access} makes new ones.
   *
   * @return false if that would change nothing, because they are written in the kubeconfig
   */
  public synchronized boolean refused(Access access) {
    Timed known = current;
    if (known != null && known.access() == access) {
      current = null;
    }
    return credentials.renewable();
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

  /** Credentials that seem to have expired already: this machine's clock may be wrong. */
  private static Timed notAtOnceAgain(Timed made) {
    Instant soon = Instant.now().plus(SHORTEST_LIFE);
    return made.expires().isBefore(soon) ? new Timed(made.access(), soon) : made;
  }

  private void renew(CompletableFuture<Access> started) {
    Credentials from = credentials();
    try {
      Timed made = notAtOnceAgain(from.renew());
      synchronized (this) {
        // Those that were replaced meanwhile are good for who waits, and for nobody after him.
        current = from == credentials ? made : null;
        renewal = null;
        failed = null;
      }
      started.complete(made.access());
    } catch (RuntimeException | Error e) {
      synchronized (this) {
        renewal = null;
        failed = from == credentials ? started : null;
        failedAt = System.nanoTime();
      }
      started.completeExceptionally(e);
    }
  }

  private synchronized Credentials credentials() {
    return credentials;
  }
}
