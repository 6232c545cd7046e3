package io.teleproxy.plugin.demo;

import io.teleproxy.spi.Tunnel;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * A connection to a program of the imaginary cluster. All of it happens on one thread, to which the
 * calls of the other side are handed over.
 */
abstract class Conversation implements Tunnel.Connection {
  /** So much may wait for a program, or for the other side. */
  private static final int MOST_WAITING = 256 << 10;

  private final Executor thread;
  private final Tunnel.Listener listener;
  private final Consumer<Conversation> over;

  /** Bytes that were written and have not got through yet. */
  private final AtomicLong waiting = new AtomicLong();

  // on the thread
  private final Deque<ByteBuffer> answers = new ArrayDeque<>();
  private boolean reading = true;
  private boolean finished;
  private boolean told;
  private boolean otherFinished;
  private boolean ended;

  Conversation(Executor thread, Tunnel.Listener listener, Consumer<Conversation> over) {
    this.thread = thread;
    this.listener = listener;
    this.over = over;
  }

  /** The other side has sent this; on the thread. */
  abstract void heard(ByteBuffer data);

  /** The other side will send no more; on the thread. */
  abstract void heardAll();

  void start() {
    thread.execute(listener::opened);
  }

  /** Says something; on the thread. */
  final void say(ByteBuffer data) {
    if (!ended && !finished) {
      waiting.addAndGet(data.remaining());
      answers.add(data);
      deliver();
    }
  }

  /** Has said all; on the thread. */
  final void finish() {
    finished = true;
    deliver();
  }

  /** Breaks it off, on any thread. */
  final void end(String reason) {
    thread.execute(
        () -> {
          if (!ended) {
            stop();
            listener.reset(reason);
          }
        });
  }

  static ByteBuffer copy(ByteBuffer data) {
    ByteBuffer copy = ByteBuffer.allocate(data.remaining());
    copy.put(data.duplicate()).flip();
    return copy;
  }

  @Override
  public void write(ByteBuffer data) {
    ByteBuffer copy = copy(data);
    int length = copy.remaining();
    waiting.addAndGet(length);
    thread.execute(
        () -> {
          taken(length);
          if (!ended) {
            heard(copy);
          }
        });
  }

  @Override
  public boolean writable() {
    return waiting.get() < MOST_WAITING;
  }

  @Override
  public void shutdownOutput() {
    thread.execute(
        () -> {
          if (!ended && !otherFinished) {
            otherFinished = true;
            heardAll();
            stopIfBothFinished();
          }
        });
  }

  @Override
  public void reading(boolean wanted) {
    thread.execute(
        () -> {
          reading = wanted;
          deliver();
        });
  }

  @Override
  public void reset() {
    thread.execute(this::stop);
  }

  private void deliver() {
    while (reading && !ended && !answers.isEmpty()) {
      ByteBuffer next = answers.remove();
      int length = next.remaining();
      listener.received(next);
      taken(length);
    }
    if (finished && !told && !ended && answers.isEmpty()) {
      told = true;
      listener.inputShutdown();
      stopIfBothFinished();
    }
  }

  private void taken(int length) {
    long after = waiting.addAndGet(-length);
    if (after < MOST_WAITING && after + length >= MOST_WAITING && !ended) {
      listener.writable();
    }
  }

  private void stopIfBothFinished() {
    if (told && otherFinished) {
      stop();
    }
  }

  private void stop() {
    ended = true;
    answers.clear();
    over.accept(this);
  }
}
