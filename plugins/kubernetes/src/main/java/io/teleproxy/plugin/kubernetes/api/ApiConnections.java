package io.teleproxy.plugin.kubernetes.api;

import io.netty.channel.Channel;
import io.teleproxy.plugin.kubernetes.cluster.Access;
import io.teleproxy.plugin.kubernetes.cluster.ClientTls;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The connections of one client: those in use, and those that wait for the next request. */
final class ApiConnections implements AutoCloseable {
  /** Servers and what lies in between forget silent connections sooner or later. */
  private static final long LONGEST_IDLE_NANOS = TimeUnit.SECONDS.toNanos(20);

  /**
   * A connection for one request.
   *
   * @param used whether it has had an answer before
   */
  record Lent(CompletableFuture<ApiConnection> connection, boolean used) {}

  private record Idle(ApiConnection connection, long since) {}

  private final ApiDialer dialer;

  // guarded by this
  private final Set<ApiConnection> open = new HashSet<>();
  private final List<CompletableFuture<ApiConnection>> coming = new ArrayList<>();
  private final Deque<Idle> idle = new ArrayDeque<>();
  private boolean closed;

  ApiConnections(ApiDialer dialer) {
    this.dialer = dialer;
  }

  /** One that is idle, or else a new one. It comes back by itself when its answer has come. */
  Lent take(Access access) {
    ApiConnection known = idle(access.tls());
    if (known != null) {
      return new Lent(CompletableFuture.completedFuture(known), true);
    }
    CompletableFuture<ApiConnection> connecting = new CompletableFuture<>();
    synchronized (this) {
      if (closed) {
        connecting.completeExceptionally(new IOException("closed"));
        return new Lent(connecting, false);
      }
      coming.add(connecting);
    }
    var unused = connecting.whenComplete((connection, failure) -> arrived(connecting));
    try {
      dialer.open(
          access,
          channel -> {
            ApiConnection opened = opened(channel, access.tls());
            if (!connecting.complete(opened)) {
              opened.close();
            }
          },
          connecting::completeExceptionally);
    } catch (RejectedExecutionException e) {
      connecting.completeExceptionally(new IOException("closed", e));
    }
    return new Lent(connecting, false);
  }

  private synchronized void arrived(CompletableFuture<ApiConnection> connecting) {
    coming.removeIf(other -> other == connecting);
  }

  private ApiConnection opened(Channel channel, ClientTls tls) {
    ApiConnection made =
        new ApiConnection(channel, dialer.server().tls(), tls, this::rest, this::forget);
    synchronized (this) {
      open.add(made);
    }
    return made;
  }

  private @Nullable ApiConnection idle(ClientTls tls) {
    while (true) {
      Idle latest;
      synchronized (this) {
        latest = idle.pollLast();
      }
      if (latest == null) {
        return null;
      }
      ApiConnection connection = latest.connection();
      if (System.nanoTime() - latest.since() < LONGEST_IDLE_NANOS
          && connection.tls() == tls
          && connection.alive()) {
        return connection;
      }
      connection.close();
    }
  }

  private synchronized void rest(ApiConnection connection) {
    idle.add(new Idle(connection, System.nanoTime()));
  }

  private synchronized void forget(ApiConnection connection) {
    open.remove(connection);
    idle.removeIf(resting -> resting.connection() == connection);
  }

  synchronized boolean isClosed() {
    return closed;
  }

  /** Ends those that were made from where the machine is not any more, and all attempts. */
  void leave() {
    List<ApiConnection> all;
    synchronized (this) {
      all = List.copyOf(open);
    }
    all.stream().filter(ApiConnection::left).forEach(ApiConnection::close);
    giveUpAttempts();
  }

  /** Ends all connections, and those that are being made. */
  void reset() {
    List<ApiConnection> all;
    synchronized (this) {
      all = List.copyOf(open);
      idle.clear();
    }
    all.forEach(ApiConnection::close);
    giveUpAttempts();
  }

  private void giveUpAttempts() {
    List<CompletableFuture<ApiConnection>> awaited;
    synchronized (this) {
      awaited = List.copyOf(coming);
    }
    for (CompletableFuture<ApiConnection> connecting : awaited) {
      connecting.completeExceptionally(new IOException("given up"));
    }
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
    }
    reset();
  }
}
