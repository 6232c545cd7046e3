package io.teleproxy.plugin.ssh.link;

import io.teleproxy.spi.Tunnel;
import io.teleproxy.spi.Tunnel.DialFailure;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * One connection of a program, from the dial on. Until the server has opened a channel nothing is
 * sent (SSH knows no earlier data), so a dial whose link breaks is tried again over the next.
 * Called on three kinds of threads: the caller's, the session's reading thread and the link's
 * writer; what the listener is told is told under the lock, one thing at a time.
 */
final class Flow implements Tunnel.Connection {
  /** So much may wait to be sent. */
  private static final int MOST_QUEUED = 512 << 10;

  /** Packets of one connection that go out before it is another's turn. */
  private static final int TURN = 4;

  private final InetSocketAddress to;
  private final Tunnel.Listener listener;
  private final Deque<byte[]> outgoing = new ArrayDeque<>();
  private final Deque<byte[]> held = new ArrayDeque<>();

  // guarded by this
  private int queued;

  /** Of the first of what is outgoing, so much is sent already. */
  private int taken;

  private boolean full;
  private boolean outputEnded;
  private boolean eofSent;
  private boolean reading = true;
  private boolean inputEnded;
  private boolean inputTold;
  private boolean closedThere;
  private boolean opened;
  private boolean over;
  private @Nullable Link link;
  private @Nullable DirectChannel channel;

  /** In the writer's queue; guarded by this. */
  private boolean scheduled;

  /** Asked of the tunnel when the link has broken before the channel was opened. */
  private final Runnable again;

  Flow(InetSocketAddress to, Tunnel.Listener listener, Consumer<Flow> again) {
    this.to = to;
    this.listener = listener;
    this.again = () -> again.accept(this);
  }

  InetSocketAddress to() {
    return to;
  }

  synchronized boolean isOver() {
    return over;
  }

  /** Asks for a channel of this link. */
  void dial(Link over, DirectChannel asked) {
    synchronized (this) {
      if (this.over) {
        return;
      }
      link = over;
      channel = asked;
    }
    over.open(asked);
  }

  /** There is no way. */
  void fail(DialFailure failure) {
    synchronized (this) {
      if (!over && !opened) {
        over = true;
        listener.failed(failure);
      }
    }
  }

  // --- from the link ---------------------------------------------------------------------------

  synchronized void opened(DirectChannel of) {
    if (of != channel || over) {
      return;
    }
    opened = true;
    listener.opened();
    schedule();
  }

  synchronized void failed(DirectChannel of, DialFailure failure) {
    if (of == channel && !over) {
      over = true;
      outgoing.clear();
      listener.failed(failure);
    }
  }

  void received(DirectChannel of, byte[] bytes, int offset, int length) {
    synchronized (this) {
      if (of != channel || over) {
        return;
      }
      if (!reading || !held.isEmpty()) {
        byte[] copy = new byte[length];
        System.arraycopy(bytes, offset, copy, 0, length);
        held.add(copy);
        return;
      }
      listener.received(ByteBuffer.wrap(bytes, offset, length));
    }
    of.passedOn(length);
  }

  synchronized void inputEnded(DirectChannel of) {
    if (of == channel) {
      inputEnded = true;
      tellEnds();
    }
  }

  synchronized void closedThere(DirectChannel of) {
    if (of == channel) {
      closedThere = true;
      tellEnds();
    }
  }

  synchronized void roomThere(DirectChannel of) {
    if (of == channel) {
      schedule();
    }
  }

  /** The channel is gone; whether that was expected is known here. */
  void lost(DirectChannel of) {
    synchronized (this) {
      if (of != channel || over || closedThere) {
        return;
      }
      if (opened) {
        over = true;
        outgoing.clear();
        held.clear();
        listener.reset("the connection to the SSH server is gone");
        return;
      }
      channel = null;
      link = null;
    }
    again.run();
  }

  /** Under the lock: end of input once all before it is told, and then what a close means. */
  private void tellEnds() {
    if (over || !held.isEmpty()) {
      return;
    }
    if (inputEnded && !inputTold) {
      inputTold = true;
      listener.inputShutdown();
    }
    if (closedThere) {
      over = true;
      outgoing.clear();
      listener.reset("the far end has broken off");
    } else {
      closeIfBothEnded();
    }
  }

  private void closeIfBothEnded() {
    DirectChannel current = channel;
    if (inputTold && eofSent && current != null && !over) {
      over = true;
      current.close(false);
    }
  }

  // --- from the caller ---------------------------------------------------------------------------

  @Override
  public synchronized void write(ByteBuffer data) {
    if (over || outputEnded || !data.hasRemaining()) {
      return;
    }
    byte[] copy = new byte[data.remaining()];
    data.get(copy);
    outgoing.add(copy);
    queued += copy.length;
    full = queued >= MOST_QUEUED;
    schedule();
  }

  @Override
  public synchronized boolean writable() {
    return !full;
  }

  @Override
  public synchronized void shutdownOutput() {
    if (!over && !outputEnded) {
      outputEnded = true;
      schedule();
    }
  }

  @Override
  public void reading(boolean wanted) {
    int passed = 0;
    DirectChannel current;
    synchronized (this) {
      reading = wanted;
      current = channel;
      while (reading && !over && !held.isEmpty()) {
        byte[] next = held.remove();
        passed += next.length;
        listener.received(ByteBuffer.wrap(next));
      }
      tellEnds();
    }
    if (passed > 0 && current != null) {
      current.passedOn(passed);
    }
  }

  /** The channel is closed; what OpenSSH does with that is a FIN to whom it has connected to. */
  @Override
  public void reset() {
    DirectChannel current;
    synchronized (this) {
      over = true;
      outgoing.clear();
      held.clear();
      current = channel;
    }
    if (current != null) {
      current.close(false);
    }
  }

  // --- on the writer's thread --------------------------------------------------------------------

  /** Under the lock. */
  private void schedule() {
    Link current = link;
    if (!scheduled && opened && !over && current != null) {
      scheduled = true;
      current.schedule(this);
    }
  }

  /** Sends what may be sent now, at most a turn of it. */
  void pump(Link.Sent sent) throws IOException {
    for (int i = 0; i < TURN; i++) {
      Buffer packet;
      int length;
      DirectChannel current;
      synchronized (this) {
        scheduled = false;
        current = channel;
        if (over || current == null) {
          return;
        }
        length = Math.min(Math.min(queued, current.room()), current.packetSize());
        if (length <= 0) {
          if (queued == 0 && outputEnded && !eofSent) {
            eofSent = true;
            current.finish();
            closeIfBothEnded();
          }
          return;
        }
        packet = current.packet(length);
        take(packet, length);
        if (full && queued < MOST_QUEUED / 2) {
          full = false;
          listener.writable();
        }
      }
      sent.sent(length, current.send(packet, length));
    }
    synchronized (this) {
      schedule();
    }
  }

  private void take(Buffer packet, int length) {
    int wanted = length;
    while (wanted > 0) {
      byte[] next = outgoing.element();
      int part = Math.min(wanted, next.length - taken);
      packet.putRawBytes(next, taken, part);
      taken += part;
      wanted -= part;
      if (taken == next.length) {
        outgoing.remove();
        taken = 0;
      }
    }
    queued -= length;
  }
}
