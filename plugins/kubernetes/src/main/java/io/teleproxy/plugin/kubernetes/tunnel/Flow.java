package io.teleproxy.plugin.kubernetes.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.teleproxy.plugin.kubernetes.portforward.Carrier;
import io.teleproxy.spi.Tunnel;
import io.teleproxy.spi.Tunnel.DialFailure;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection through the tunnel: keeps what was written before there is a carrier, counts what
 * is under way, and turns the carrier's events into the listener's. Public methods are called by
 * any thread, one at a time; everything else runs on the event loop.
 */
final class Flow implements Tunnel.Connection, Carrier.Events {
  private enum State {
    /** No carrier yet. */
    WAITING,
    /** A carrier was given the early bytes, but has not said that the far end accepts them. */
    OPENING,
    OPEN,
    /** The far end is done for good; our side has not shut down its output yet. */
    FAR_CLOSED,
    ENDED
  }

  private final EventLoop loop;
  private final Tunnel.Listener listener;
  private final Consumer<Flow> onEnd;
  private final WriteBudget budget = new WriteBudget();
  private final ArrayDeque<ByteBuf> early = new ArrayDeque<>();
  private volatile boolean ended;
  private State state = State.WAITING;
  private boolean outputShutdown;
  private boolean inputShutdown;
  private boolean reading = true;
  private @Nullable Carrier carrier;
  private @Nullable FlowLead lead;

  Flow(EventLoop loop, Tunnel.Listener listener, Consumer<Flow> onEnd) {
    this.loop = loop;
    this.listener = listener;
    this.onEnd = onEnd;
  }

  // --- the caller's side

  @Override
  public void write(ByteBuffer data) {
    while (data.hasRemaining()) {
      if (ended) {
        data.position(data.limit());
        return;
      }
      ByteBuf frame = budget.take(data);
      run(() -> send(frame));
    }
  }

  @Override
  public boolean writable() {
    return budget.writable();
  }

  @Override
  public void shutdownOutput() {
    run(
        () -> {
          if (state == State.ENDED || outputShutdown) {
            return;
          }
          outputShutdown = true;
          if (state == State.FAR_CLOSED) {
            end();
          } else if (carrier != null) {
            carrier.finish();
            endIfBothShutdown();
          }
        });
  }

  @Override
  public void reading(boolean wanted) {
    run(
        () -> {
          reading = wanted;
          if (carrier != null) {
            carrier.reading(wanted);
          }
        });
  }

  @Override
  public void reset() {
    run(this::abort);
  }

  // --- the dial's side, on the event loop

  void lead(FlowLead lead) {
    this.lead = lead;
  }

  boolean ended() {
    return ended;
  }

  boolean waiting() {
    return state == State.WAITING;
  }

  /** Gives the flow its carrier, which gets everything that was written so far at once. */
  void attach(Carrier carrier) {
    this.carrier = carrier;
    state = State.OPENING;
    for (ByteBuf frame : early) {
      carrier.write(frame.retainedDuplicate(), length -> {});
    }
    if (outputShutdown) {
      carrier.finish();
    }
    if (!reading) {
      carrier.reading(false);
    }
  }

  /** Takes an unaccepted flow off its carrier, to be attached to another. */
  void detach() {
    if (state == State.OPENING && carrier != null) {
      carrier.abort();
      carrier = null;
      state = State.WAITING;
    }
  }

  void fail(DialFailure failure) {
    if (state == State.WAITING || state == State.OPENING) {
      if (carrier != null) {
        carrier.abort();
      }
      end();
      listener.failed(failure);
    }
  }

  /** The tunnel is closing. */
  void close(String reason) {
    boolean opened = state == State.OPEN || state == State.FAR_CLOSED;
    if (!opened) {
      fail(new DialFailure(DialFailure.Kind.GENERAL, reason));
    } else {
      abort();
      listener.reset(reason);
    }
  }

  // --- the carrier's side, on the event loop

  @Override
  public void accepted() {
    if (state != State.OPENING) {
      return;
    }
    state = State.OPEN;
    if (lead != null) {
      lead.done();
    }
    listener.opened();
    for (ByteBuf frame = early.poll(); frame != null; frame = early.poll()) {
      int length = frame.readableBytes() - Carrier.HEADROOM;
      frame.release();
      sent(length);
    }
  }

  @Override
  public void received(ByteBuf bytes) {
    accepted();
    if (state == State.OPEN) {
      listener.received(bytes.nioBuffer());
    }
  }

  @Override
  public void inputFinished() {
    accepted();
    if (state == State.OPEN && !inputShutdown) {
      inputShutdown = true;
      listener.inputShutdown();
      endIfBothShutdown();
    }
  }

  @Override
  public void farEndClosed() {
    accepted();
    if (state != State.OPEN) {
      return;
    }
    carrier = null;
    state = State.FAR_CLOSED;
    if (!inputShutdown) {
      inputShutdown = true;
      listener.inputShutdown();
    }
    if (outputShutdown && state == State.FAR_CLOSED) {
      end();
    }
  }

  @Override
  public void refused(DialFailure why) {
    carrier = null;
    if (state == State.OPENING) {
      end();
      listener.failed(why);
    } else {
      resetBy(why.detail());
    }
  }

  @Override
  public void lost(String reason) {
    carrier = null;
    if (state == State.OPENING && lead != null) {
      state = State.WAITING;
      lead.lostBeforeAccepted(reason);
    } else {
      resetBy(reason);
    }
  }

  // --- inside

  private void send(ByteBuf frame) {
    int length = frame.readableBytes() - Carrier.HEADROOM;
    switch (state) {
      case WAITING -> early.add(frame);
      case OPENING -> {
        early.add(frame);
        if (carrier != null) {
          carrier.write(frame.retainedDuplicate(), sentLength -> {});
        }
      }
      case OPEN -> {
        if (carrier != null && !outputShutdown) {
          carrier.write(frame, this::sent);
        } else {
          frame.release();
          sent(length);
        }
      }
      case FAR_CLOSED -> {
        frame.release();
        // As a TCP that has closed would answer.
        resetBy("the far end has closed the connection");
      }
      case ENDED -> frame.release();
    }
  }

  private void sent(int length) {
    if (budget.sent(length) && state != State.ENDED) {
      listener.writable();
    }
  }

  private void resetBy(String reason) {
    if (state != State.ENDED) {
      end();
      listener.reset(reason);
    }
  }

  private void abort() {
    if (state == State.ENDED) {
      return;
    }
    if (carrier != null) {
      carrier.abort();
    }
    end();
  }

  private void endIfBothShutdown() {
    if (outputShutdown && inputShutdown) {
      end();
    }
  }

  private void end() {
    boolean waiting = state == State.WAITING || state == State.OPENING;
    state = State.ENDED;
    ended = true;
    carrier = null;
    for (ByteBuf frame = early.poll(); frame != null; frame = early.poll()) {
      frame.release();
    }
    if (waiting && lead != null) {
      lead.done();
    }
    lead = null;
    onEnd.accept(this);
  }

  private void run(Runnable task) {
    if (loop.inEventLoop()) {
      task.run();
    } else if (!loop.isShuttingDown()) {
      loop.execute(task);
    }
  }
}
