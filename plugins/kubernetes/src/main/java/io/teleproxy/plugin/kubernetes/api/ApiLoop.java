package io.teleproxy.plugin.kubernetes.api;

import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** An event loop for connections to the API server, and threads for what must not block it. */
public final class ApiLoop implements AutoCloseable {
  private static final int WORKERS = 2;

  private final MultiThreadIoEventLoopGroup group;
  private final EventLoop loop;
  private final ThreadPoolExecutor workers;

  /**
   * @param name of its threads
   */
  public ApiLoop(String name) {
    group =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory(name, true), NioIoHandler.newFactory());
    loop = group.next();
    workers =
        new ThreadPoolExecutor(
            WORKERS,
            WORKERS,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            new DefaultThreadFactory(name + "-worker", true));
    workers.allowCoreThreadTimeOut(true);
  }

  public EventLoop loop() {
    return loop;
  }

  /** For host names, keys, and TLS key exchanges. */
  public Executor workers() {
    return workers;
  }

  /** On the loop, at once if this is its thread; dropped if the loop has ended. */
  void execute(Runnable task) {
    if (loop.inEventLoop()) {
      task.run();
    } else if (!loop.isShuttingDown()) {
      loop.execute(task);
    }
  }

  /** Ends after what was submitted until now. */
  @Override
  public void close() {
    var unused = group.shutdownGracefully(0, 2, TimeUnit.SECONDS);
    workers.shutdown();
  }
}
