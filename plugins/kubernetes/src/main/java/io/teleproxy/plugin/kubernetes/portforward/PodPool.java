package io.teleproxy.plugin.kubernetes.portforward;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpClientCodec;
import io.teleproxy.plugin.kubernetes.api.ApiConnector;
import io.teleproxy.plugin.kubernetes.api.ConnectFailure;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The upgraded connections to one pod: idle ones for reuse, one of them opened in advance, and the
 * dials that wait for one. Confined to the event loop.
 */
public final class PodPool implements PodConnection.Owner {
  /** So many connections are opened at a time; more would only queue in the API server. */
  private static final int MAX_CONNECTING = 16;

  /**
   * So many are kept; each is a socket and a goroutine or two in the API server and the kubelet.
   */
  private static final int MAX_IDLE = 32;

  /** A dial that waits for a connection. */
  public interface Waiter {
    void connected(PodConnection connection);

    void connectFailed(ConnectFailure failure);
  }

  private record Idle(PodConnection connection, long since) {}

  private final String namespace;
  private final String pod;
  private final ApiConnector connector;
  private final long maxIdleNanos;
  private final Runnable onSuccess;
  private final ArrayDeque<Idle> idle = new ArrayDeque<>();
  private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();
  private final Set<PodConnection> busy = new HashSet<>();
  private int connecting;
  private boolean closed;

  public PodPool(
      String namespace, String pod, ApiConnector connector, long maxIdleNanos, Runnable onSuccess) {
    this.namespace = namespace;
    this.pod = pod;
    this.connector = connector;
    this.maxIdleNanos = maxIdleNanos;
    this.onSuccess = onSuccess;
  }

  /** Calls the waiter once, at once if a connection is idle. */
  public void acquire(Waiter waiter) {
    PodConnection ready = pollIdle();
    if (ready == null) {
      waiters.add(waiter);
    } else {
      hand(ready, waiter);
    }
    connectAsNeeded();
  }

  public void cancel(Waiter waiter) {
    waiters.remove(waiter);
  }

  /**
   * Closes what has been idle for too long, or is of an address that is gone.
   *
   * @return whether there is nothing left here
   */
  public boolean sweep(long now) {
    for (Iterator<Idle> each = idle.iterator(); each.hasNext(); ) {
      Idle next = each.next();
      if (now - next.since >= maxIdleNanos) {
        each.remove();
        next.connection.close();
      }
    }
    for (PodConnection next : Set.copyOf(busy)) {
      if (next.stranded()) {
        next.close();
      }
    }
    return idle.isEmpty() && waiters.isEmpty() && busy.isEmpty() && connecting == 0;
  }

  public void close() {
    closed = true;
    waiters.clear();
    for (Idle next : idle) {
      next.connection.close();
    }
    idle.clear();
    for (PodConnection next : Set.copyOf(busy)) {
      next.close();
    }
  }

  private @Nullable PodConnection pollIdle() {
    // The one used last: the others may expire, and its path is warm.
    for (Idle next = idle.pollLast(); next != null; next = idle.pollLast()) {
      if (next.connection.active() && !next.connection.stranded()) {
        return next.connection;
      }
      next.connection.close();
    }
    return null;
  }

  private void hand(PodConnection connection, Waiter waiter) {
    busy.add(connection);
    waiter.connected(connection);
  }

  /** One connection for each waiter; where there is none, one for the next dial. */
  private void connectAsNeeded() {
    if (closed) {
      return;
    }
    int wanted = waiters.isEmpty() && idle.isEmpty() ? 1 : waiters.size();
    while (connecting < Math.min(wanted, MAX_CONNECTING)) {
      connecting++;
      connector.portForward(namespace, pod, new Upgrade());
    }
  }

  @Override
  public void released(PodConnection connection, boolean reusable) {
    boolean known = busy.remove(connection);
    if (!reusable) {
      idle.removeIf(next -> next.connection == connection);
    } else if (known) {
      available(connection);
    }
  }

  private void available(PodConnection connection) {
    Waiter waiter = waiters.poll();
    if (waiter != null) {
      hand(connection, waiter);
    } else if (closed || idle.size() >= MAX_IDLE) {
      connection.close();
    } else {
      idle.add(new Idle(connection, System.nanoTime()));
    }
  }

  private final class Upgrade implements ApiConnector.Result {
    @Override
    public void answered(ChannelHandlerContext context, int status, String message) {
      connecting--;
      if (status != 101) {
        context.close();
        fail(ConnectFailure.answered(status, message, namespace, pod));
        return;
      }
      PodConnection connection = new PodConnection(PodPool.this);
      ChannelPipeline pipeline = context.pipeline();
      pipeline.addLast(connection);
      pipeline.remove(context.handler());
      pipeline.remove(HttpClientCodec.class);
      onSuccess.run();
      available(connection);
      connectAsNeeded();
    }

    @Override
    public void failed(ConnectFailure failure) {
      connecting--;
      fail(failure);
    }

    private void fail(ConnectFailure failure) {
      Waiter waiter = waiters.poll();
      if (waiter != null) {
        waiter.connectFailed(failure);
      }
      if (!waiters.isEmpty()) {
        connectAsNeeded();
      }
    }
  }
}
