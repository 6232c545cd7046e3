package io.teleproxy.plugin.kubernetes.cluster;

import io.teleproxy.plugin.kubernetes.cluster.Credentials.Timed;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The credentials in use, and those that are being made in their place: once, however many wait.
 * Thread-safe; no method blocks.
 */
final class AccessRenewal {
  // guarded by this
  private Credentials credentials;
  private @Nullable Timed current;
  private @Nullable CompletableFuture<Access> renewal;

  /** What the last attempt to make credentials has failed with, and is told for a while. */
  private @Nullable CompletableFuture<Access> failed;

  private long failedAt;

  AccessRenewal(Credentials credentials) {
    this.credentials = credentials;
  }

  /** As of {@link ClusterSession#access}. */
  synchronized CompletableFuture<Access> access() {
    Timed known = current;
    if (known != null && known.good()) {
      return CompletableFuture.completedFuture(known.access());
    }
    CompletableFuture<Access> latest = failed;
    if (latest != null && System.nanoTime() - failedAt < Credentials.SHORTEST_LIFE.toNanos()) {
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

  /** As of {@link ClusterSession#refused}. */
  synchronized boolean refused(Access access) {
    Timed known = current;
    if (known != null && known.access() == access) {
      current = null;
    }
    return credentials.renewable();
  }

  /** As of {@link ClusterSession#proxyTls}. */
  ClientTls proxyTls() {
    return credentials().proxyTls();
  }

  /** Uses others of the same user from now on. */
  synchronized void replace(Credentials others) {
    credentials = others;
    current = null;
    failed = null;
  }

  private void renew(CompletableFuture<Access> started) {
    Credentials from = credentials();
    try {
      Timed made = from.renew();
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
