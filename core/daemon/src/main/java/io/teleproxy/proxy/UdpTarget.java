package io.teleproxy.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.teleproxy.net.Transport;
import io.teleproxy.socks.SocksAssociation;
import java.net.InetSocketAddress;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A SOCKS5 proxy that is watched. State belongs to the event loop; other threads read the outcome
 * and hand in work.
 */
final class UdpTarget implements SocksAssociation.Listener {
  /** Until the next attempt after the first refusal; doubles up to the limit. */
  private static final long FIRST_PAUSE_MILLIS = 1000;

  private static final long LONGEST_PAUSE_MILLIS = 10_000;

  private final EventLoop loop;
  private final Transport transport;
  private final int port;
  private final boolean pipelined;
  private final Runnable changed;
  private final CountDownLatch first = new CountDownLatch(1);
  private volatile boolean carries;
  private volatile String reason = "no answer yet";

  private @Nullable SocksAssociation association;
  private @Nullable Future<?> pending;
  private boolean established;
  private long pause = FIRST_PAUSE_MILLIS;
  private boolean closed;

  UdpTarget(EventLoop loop, Transport transport, int port, boolean pipelined, Runnable changed) {
    this.loop = loop;
    this.transport = transport;
    this.port = port;
    this.pipelined = pipelined;
    this.changed = changed;
  }

  int port() {
    return port;
  }

  boolean carries() {
    return carries;
  }

  String reason() {
    return reason;
  }

  void open() {
    execute(this::attempt);
  }

  void awaitFirst(long nanos) {
    try {
      boolean unused = first.await(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  void retry() {
    execute(
        () -> {
          if (pending != null) {
            pending.cancel(false);
            attempt();
          }
        });
  }

  void close() {
    execute(
        () -> {
          closed = true;
          if (pending != null) {
            pending.cancel(false);
          }
          if (association != null) {
            association.close();
          }
        });
  }

  private void attempt() {
    pending = null;
    if (!closed) {
      association = SocksAssociation.open(loop, transport, port, pipelined, 0, this);
    }
  }

  @Override
  public void opened() {
    established = true;
    pause = FIRST_PAUSE_MILLIS;
    outcome(true, "");
  }

  @Override
  public void received(InetSocketAddress from, ByteBuf payload) {}

  @Override
  public void ended(String why) {
    association = null;
    if (established) {
      // Many proxies end what is idle; only a refusal says that there is no UDP any more.
      established = false;
      pending = loop.schedule(this::attempt, 0, TimeUnit.MILLISECONDS);
      return;
    }
    pending = loop.schedule(this::attempt, pause, TimeUnit.MILLISECONDS);
    pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
    outcome(false, why);
  }

  private void outcome(boolean now, String why) {
    boolean news = carries != now;
    reason = why;
    carries = now;
    first.countDown();
    if (news) {
      changed.run();
    }
  }

  private void execute(Runnable work) {
    try {
      loop.execute(work);
    } catch (RejectedExecutionException e) {
      first.countDown(); // the event loops are shut down: there will be no answer
    }
  }
}
