package io.teleproxy.plugin.ssh.link;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.kex.KexProposalOption;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.session.helpers.AbstractSession;
import org.apache.sshd.common.util.buffer.Buffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection to the SSH server that is logged in. One thread of its own ciphers and writes what
 * the flows have to say, a few packets of each in turn, and waits while the socket has enough; the
 * library's thread reads. Thread-safe.
 */
final class Link implements AutoCloseable {
  /** Told what was handed to the socket. */
  interface Sent {
    void sent(int bytes, IoWriteFuture written);
  }

  private static final Logger log = LoggerFactory.getLogger(Link.class);

  /** So much waits in the socket's queue at most: a packet that comes later waits behind it. */
  private static final int MOST_IN_SOCKET = 1 << 20;

  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final long DUE_NANOS = TimeUnit.MILLISECONDS.toNanos(1_500);
  private static final long SILENT_NANOS = TimeUnit.SECONDS.toNanos(15);

  private final ClientSession session;
  private final AtomicLong windows;
  private final BlockingQueue<Flow> waiting = new LinkedBlockingQueue<>();
  private final Semaphore room = new Semaphore(MOST_IN_SOCKET);
  private final Thread writer = new Thread(this::write, "ssh-writer");
  private volatile long heard = System.nanoTime();

  /** When the oldest question was asked that has no answer; 0 for none. */
  private volatile long asked;

  /**
   * @param windows bytes by which all receive windows together may still grow
   */
  Link(ClientSession session, AtomicLong windows) {
    this.session = session;
    this.windows = windows;
    writer.setDaemon(true);
    writer.start();
  }

  /** Calls when it is over. */
  void onEnd(Runnable told) {
    session.addCloseFutureListener(closed -> told.run());
  }

  boolean isOpen() {
    return session.isOpen();
  }

  String cipher() {
    return session.getNegotiatedKexParameter(KexProposalOption.C2SENC);
  }

  String serverVersion() {
    return session.getServerVersion();
  }

  /** Gives a flow a channel. */
  void dial(Flow flow) {
    flow.dial(this, new DirectChannel(this, flow, flow.to(), new ReceiveWindow(windows)));
  }

  /** Asks the server to open it. */
  void open(DirectChannel channel) {
    try {
      ((AbstractSession) session).getService(ConnectionService.class).registerChannel(channel);
      channel.open();
      due();
    } catch (IOException | RuntimeException e) {
      log.debug("ssh: no channel: {}", e.toString());
      channel.abandon();
    }
  }

  void schedule(Flow flow) {
    waiting.add(flow);
  }

  /** Something has come from the server. */
  void heard() {
    heard = System.nanoTime();
    asked = 0;
  }

  private void due() {
    if (asked == 0) {
      asked = System.nanoTime();
    }
  }

  private void write() {
    try {
      while (session.isOpen()) {
        Flow next = waiting.poll(1, TimeUnit.SECONDS);
        if (next != null) {
          next.pump(this::sent);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException | RuntimeException e) {
      log.debug("ssh: the connection cannot be written to: {}", e.toString());
      session.close(true);
    }
  }

  private void sent(int bytes, IoWriteFuture written) {
    written.addListener(done -> room.release(bytes));
    try {
      while (!room.tryAcquire(bytes, 1, TimeUnit.SECONDS)) {
        if (!session.isOpen()) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // --- whether anybody is there
  // --------------------------------------------------------------------

  /** Looks after the server: asks it for a sign of life when it is due, and gives up in the end. */
  void look(boolean now) {
    long time = System.nanoTime();
    long silence = time - heard;
    long since = asked;
    if (since != 0 && silence > SILENT_NANOS && time - since > SILENT_NANOS) {
      log.info("ssh: nothing has come from the server for {} s", silence / 1_000_000_000);
      session.close(true);
    } else if (isSilent() && !hasItsAddress()) {
      log.info("ssh: this machine no longer has the address that the connection was made from");
      session.close(true);
    } else if (now || silence > IDLE_NANOS || (since != 0 && time - since > DUE_NANOS)) {
      ask();
    }
  }

  /** Nothing has come although something is due: others are not to wait for it. */
  boolean isSilent() {
    long since = asked;
    return since != 0 && System.nanoTime() - since > 2 * DUE_NANOS;
  }

  private void ask() {
    due();
    try {
      Buffer buffer = session.createBuffer(SshConstants.SSH_MSG_GLOBAL_REQUEST, 64);
      buffer.putString("keepalive@openssh.com");
      buffer.putBoolean(true);
      session.request(buffer, "keepalive@openssh.com", (command, answer) -> heard());
    } catch (IOException | RuntimeException e) {
      log.debug("ssh: the connection cannot be written to: {}", e.toString());
      session.close(true);
    }
  }

  private boolean hasItsAddress() {
    try {
      return !(session.getIoSession().getLocalAddress() instanceof InetSocketAddress local)
          || local.getAddress().isLoopbackAddress()
          || NetworkInterface.getByInetAddress(local.getAddress()) != null;
    } catch (SocketException e) {
      return true;
    }
  }

  @Override
  public void close() {
    session.close(true);
    writer.interrupt();
  }
}
