package io.teleproxy.plugin.kubernetes.portforward;

import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.Future;
import io.teleproxy.plugin.kubernetes.api.FailureText;
import io.teleproxy.spi.Tunnel.DialFailure;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The pair of SPDY streams that is one connection to a pod's port: what is said, and what went
 * wrong. Confined to its connection's event loop.
 *
 * <p>What the ends of these streams mean was measured with containerd 1.6. Once either direction
 * has ended, it waits one second for the other and then closes all; it never passes a half-close
 * on. So our FIN, which ends the conversation, is held back until the far end has been silent for a
 * while: {@code half-close-delay} if it still owes an answer, shortly if it spoke last, as when a
 * client closes after an exchange.
 */
final class PodStream implements Carrier {
  /** The error stream ends together with the data stream; this long it may come later. */
  private static final long ERROR_STREAM_LAG_MILLIS = 100;

  /** With an end so long after our FIN the runtime gave up waiting: a second less the jitter. */
  private static final long RUNTIME_PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(950);

  /** Added to two round trips: so long is the silence after an answer that is not going on. */
  private static final long ANSWERED_SILENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(30);

  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final int MAX_ERROR_TEXT = 4096;

  private final PodConnection connection;
  private final int errorId;
  private final int dataId;
  private final Events events;
  private final long halfCloseDelayNanos;
  private final StringBuilder errorText = new StringBuilder();
  private final long opened = System.nanoTime();
  private long roundTrip = Long.MAX_VALUE / 4;
  private long lastWritten = opened;
  private long lastReceived = opened;
  private long silentSince = opened;
  private long silenceNanos;
  private long finSentAt;
  private boolean replied;
  private boolean reading = true;
  private boolean finishing;
  private boolean finSent;
  private boolean dataEnded;
  private boolean errorEnded;
  private boolean inputEndTold;
  private boolean lastOnConnection;
  private boolean over;
  private long unsent;
  private boolean wrote;
  private final @Nullable ArrayDeque<Held> held;
  private @Nullable Future<?> finTimer;
  private @Nullable Future<?> lagTimer;

  private record Held(ByteBuf bytes, IntConsumer sent) {}

  /**
   * @param hold whether nothing is to be written before the server has answered: then a connection
   *     that turns out to be dead has carried nothing that a second try could double
   */
  PodStream(
      PodConnection connection,
      int errorId,
      int dataId,
      boolean hold,
      Events events,
      long halfCloseDelayNanos) {
    this.held = hold ? new ArrayDeque<>(2) : null;
    this.connection = connection;
    this.errorId = errorId;
    this.dataId = dataId;
    this.events = events;
    this.halfCloseDelayNanos = halfCloseDelayNanos;
  }

  // --- the flow's side

  @Override
  public void write(ByteBuf bytes, IntConsumer sent) {
    int length = bytes.readableBytes() - HEADROOM;
    if (over || finSent) {
      bytes.release();
      sent.accept(length);
      return;
    }
    if (held != null && !replied) {
      held.add(new Held(bytes, sent));
      return;
    }
    wrote = true;
    unsent += length;
    lastWritten = System.nanoTime();
    connection.writeData(
        dataId,
        bytes,
        done -> {
          unsent -= done;
          if (unsent == 0 && !finSent) {
            silentSince = System.nanoTime();
          }
          sent.accept(done);
        });
  }

  @Override
  public void finish() {
    if (!over && !finishing) {
      finishing = true;
      silentSince = System.nanoTime();
      // What came much sooner than a round trip after our last bytes cannot be the answer to them;
      // half of it, because the first answer may come together with the reply that we measured.
      boolean answered = lastReceived - lastWritten >= roundTrip / 2;
      silenceNanos =
          answered
              ? Math.min(halfCloseDelayNanos, ANSWERED_SILENCE_NANOS + 2 * roundTrip)
              : halfCloseDelayNanos;
      finishWhenQuiet();
    }
  }

  @Override
  public void reading(boolean wanted) {
    if (!over) {
      reading = wanted;
      connection.reading(wanted);
    }
  }

  @Override
  public void abort() {
    end(false);
  }

  private void finishWhenQuiet() {
    long wait = silenceNanos - (System.nanoTime() - silentSince);
    if (over || finSent) {
      return;
    }
    if (wait <= 0 && reading && replied && unsent == 0) {
      sendFin();
    } else {
      finTimer =
          connection
              .context()
              .executor()
              .schedule(this::finishWhenQuiet, Math.max(wait, POLL_NANOS), TimeUnit.NANOSECONDS);
    }
  }

  private void sendFin() {
    if (!finSent) {
      finSent = true;
      finSentAt = System.nanoTime();
      connection.writeFin(dataId);
    }
  }

  // --- the connection's side

  void reply(int streamId, boolean last) {
    if (streamId == dataId && !over) {
      replied = true;
      roundTrip = System.nanoTime() - opened;
      if (held != null) {
        for (Held next = held.poll(); next != null; next = held.poll()) {
          write(next.bytes, next.sent);
        }
      }
      events.accepted();
    }
    if (last) {
      ended(streamId);
    }
  }

  void dataFrame(int streamId, ByteBuf data, boolean last) {
    if (over) {
      return;
    }
    if (data.isReadable()) {
      if (streamId == dataId) {
        lastReceived = System.nanoTime();
        silentSince = lastReceived;
        events.received(data);
      } else if (streamId == errorId && errorText.length() < MAX_ERROR_TEXT) {
        errorText.append(data.toString(StandardCharsets.UTF_8));
      }
    }
    if (last) {
      ended(streamId);
    }
  }

  void rst(int streamId, int statusCode) {
    if (!over && (streamId == dataId || streamId == errorId)) {
      String reason = errorText.isEmpty() ? "stream reset (SPDY status " + statusCode + ")" : "";
      end(false);
      events.refused(FailureText.failure(reason.isEmpty() ? errorText.toString() : reason));
    }
  }

  void lastOnConnection() {
    lastOnConnection = true;
  }

  void connectionLost(String reason) {
    if (over) {
      return;
    }
    over = true;
    letGo();
    if (errorText.isEmpty() && !replied && wrote) {
      // What was written may have arrived.
      events.refused(new DialFailure(DialFailure.Kind.GENERAL, reason));
    } else if (errorText.isEmpty()) {
      events.lost(reason);
    } else {
      events.refused(FailureText.failure(errorText.toString()));
    }
  }

  private void ended(int streamId) {
    if (over) {
      return;
    }
    if (streamId == dataId) {
      dataEnded = true;
    } else if (streamId == errorId) {
      errorEnded = true;
    }
    if (!errorText.isEmpty() && errorEnded) {
      // The runtime's last word; data that came before it has been handed on.
      end(false);
      events.refused(FailureText.failure(errorText.toString()));
    } else if (dataEnded && errorEnded) {
      farEndClosed();
    } else if (dataEnded && lagTimer == null) {
      // Newer runtimes end the data stream before they say on the error stream what went wrong.
      lagTimer =
          connection
              .context()
              .executor()
              .schedule(this::errorStreamStaysOpen, ERROR_STREAM_LAG_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  /** A server that passes half-closes on: its direction has ended, ours lives. */
  private void errorStreamStaysOpen() {
    if (!over && !inputEndTold) {
      inputEndTold = true;
      if (finishing) {
        sendFin();
      }
      events.inputFinished();
    }
  }

  private void farEndClosed() {
    boolean cut =
        finSent
            && !inputEndTold
            && System.nanoTime() - finSentAt >= RUNTIME_PATIENCE_NANOS
            && lastReceived - finSentAt >= RUNTIME_PATIENCE_NANOS / 2;
    if (cut) {
      end(false);
      events.lost(
          "the node's container runtime cut the connection a second after the half-close,"
              + " while data was coming in");
      return;
    }
    sendFin();
    end(unsent == 0 && !lastOnConnection);
    events.farEndClosed();
  }

  private void end(boolean reusable) {
    if (!over) {
      over = true;
      letGo();
      connection.release(reusable);
    }
  }

  private void letGo() {
    if (held != null) {
      for (Held next = held.poll(); next != null; next = held.poll()) {
        next.bytes.release();
      }
    }
    if (finTimer != null) {
      finTimer.cancel(false);
    }
    if (lagTimer != null) {
      lagTimer.cancel(false);
    }
  }
}
