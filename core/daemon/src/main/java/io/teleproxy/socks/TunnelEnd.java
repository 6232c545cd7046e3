package io.teleproxy.socks;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.teleproxy.spi.Tunnel;
import java.nio.ByteBuffer;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A connection through a tunnel as an end of a relay. The tunnel calls the listener methods on
 * threads of its own; everything is carried over to the client's event loop, where all else here
 * happens. That also makes the calls to the connection come one at a time.
 */
final class TunnelEnd implements RelayEnd, Tunnel.Listener {
  /** What becomes of the dial, on the event loop. */
  interface Dial {
    void opened();

    void failed(Tunnel.DialFailure failure);
  }

  private final Channel client;
  private final Dial dial;
  private final AtomicInteger queued = new AtomicInteger();
  private Tunnel.@Nullable Connection connection;
  private @Nullable Relay relay;
  private boolean flushPending;
  private boolean inputEnded;
  private boolean outputEnded;
  private boolean over;

  TunnelEnd(Channel client, Dial dial) {
    this.client = client;
    this.dial = dial;
  }

  /** The listener may have been called before; nothing of that has been acted on yet. */
  void join(Tunnel.Connection dialled, Relay joined) {
    connection = dialled;
    relay = joined;
  }

  @Override
  public void write(ByteBuf data) {
    try {
      if (connection != null && !over && !outputEnded) {
        for (ByteBuffer part : data.nioBuffers()) {
          connection.write(part);
        }
      }
    } finally {
      data.release();
    }
  }

  @Override
  public void flush() {}

  @Override
  public boolean accepting() {
    return connection == null || over || connection.writable();
  }

  @Override
  public void shutdownOutput() {
    if (connection != null && !over && !outputEnded) {
      outputEnded = true;
      connection.shutdownOutput();
      endIfBothEnded();
    }
  }

  @Override
  public void reading(boolean wanted) {
    if (connection != null && !over) {
      connection.reading(wanted);
    }
  }

  @Override
  public void reset() {
    if (connection != null && !over) {
      connection.reset();
      end("reset");
    }
  }

  @Override
  public void opened() {
    execute(
        () -> {
          if (!over) {
            dial.opened();
          }
        });
  }

  @Override
  public void failed(Tunnel.DialFailure failure) {
    execute(
        () -> {
          if (!over) {
            // The client is told by a reply, and closed by it; there is nothing to reset.
            dial.failed(failure);
            end(null);
          }
        });
  }

  @Override
  public void received(ByteBuffer data) {
    ByteBuf copy = client.alloc().directBuffer(data.remaining()).writeBytes(data);
    boolean accepted =
        execute(
            () -> {
              if (relay == null || over) {
                copy.release();
              } else {
                relay.received(this, copy);
                flushPending = true;
              }
            });
    if (!accepted) {
      copy.release();
    }
  }

  @Override
  public void inputShutdown() {
    execute(
        () -> {
          if (relay != null && !over) {
            inputEnded = true;
            relay.finished(this);
            endIfBothEnded();
          }
        });
  }

  @Override
  public void reset(String reason) {
    execute(() -> end(reason));
  }

  @Override
  public void writable() {
    execute(
        () -> {
          if (relay != null && !over) {
            relay.writable(this);
          }
        });
  }

  private void endIfBothEnded() {
    if (inputEnded && outputEnded) {
      end(null);
    }
  }

  private void end(@Nullable String failure) {
    if (!over && relay != null) {
      over = true;
      relay.closed(this, failure);
    }
  }

  /** Runs on the client's event loop, in order; flushes once behind the last that is waiting. */
  private boolean execute(Runnable event) {
    queued.incrementAndGet();
    try {
      client.eventLoop().execute(() -> run(event));
      return true;
    } catch (RejectedExecutionException e) {
      return false; // the event loops are shut down, and the client with them
    }
  }

  private void run(Runnable event) {
    int left = queued.decrementAndGet();
    event.run();
    if (left == 0 && flushPending && relay != null) {
      flushPending = false;
      relay.receivedAll(this);
    }
  }
}
