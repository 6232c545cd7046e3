package io.teleproxy.plugin.docker;

import io.teleproxy.spi.Watcher;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Waits for the first engine of this machine, which many never have: until then there is neither an
 * event loop nor more than a look at a few paths each second.
 */
final class EngineWait implements Watcher.Session {
  private static final long LOOK_MILLIS = 1_000;

  private final Watcher.Context context;
  private final EngineSockets sockets;
  private final Thread thread = new Thread(this::await, "docker-wait");

  /** Null until there is an engine. */
  private @Nullable EngineWatch following;

  private boolean closed;

  private EngineWait(Watcher.Context context, EngineSockets sockets) {
    this.context = context;
    this.sockets = sockets;
    thread.setDaemon(true);
  }

  /** Follows the engines that are there, or waits for one. */
  static Watcher.Session open(Watcher.Context context) {
    EngineSockets sockets = EngineSockets.of(context.environment());
    if (!sockets.look().isEmpty()) {
      return EngineWatch.open(context);
    }
    new EngineHealth(context).tell(List.of(), List.of());
    EngineWait wait = new EngineWait(context, sockets);
    wait.thread.start();
    return wait;
  }

  private void await() {
    try {
      while (sockets.look().isEmpty()) {
        Thread.sleep(LOOK_MILLIS);
      }
    } catch (InterruptedException e) {
      return; // Closed.
    }
    synchronized (this) {
      if (!closed) {
        following = EngineWatch.open(context);
      }
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    thread.interrupt();
    EngineWatch last = following;
    if (last != null) {
      last.close();
    }
  }
}
