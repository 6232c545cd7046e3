package io.teleproxy.spi;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Map;
import org.pf4j.ExtensionPoint;

/**
 * A way into another network. The core puts a SOCKS5 proxy on loopback in front of every applicable
 * tunnel; what it is asked to connect to is dialled here.
 */
public interface Tunnel extends ExtensionPoint {
  /** Whether it can work at all; called once per run. Reads local files at most. */
  Probe probe(Environment environment);

  /**
   * Starts the tunnel, supervised: whatever breaks is built up again with backoff until close.
   * Returns at once.
   *
   * @throws UserException if it can never work as configured
   */
  Session open(Context context);

  /** What the core hands to a session; may be called from any thread. */
  interface Context {
    Environment environment();

    /** Reports how the tunnel is; shown by {@code status}. */
    void health(Health health);

    /**
     * What people want to know of the tunnel besides its health; replaces what was told before, and
     * is shown as it is. {@code mode}, {@code round-trip-ms} and {@code reconnects} are the usual
     * ones. No secrets.
     */
    default void details(Map<String, String> known) {}

    /**
     * Reports a part of the tunnel that people know by a name of its own, such as {@code agent}; a
     * component of {@code status} like the tunnel itself.
     *
     * @param known as in {@link #details}
     */
    default void part(String name, Health health, Map<String, String> known) {}

    /**
     * Says whether {@link Session#datagrams} works now. Starts as false; a tunnel that never
     * carries UDP never calls it. Where it is false, UDP that would come here is refused by the
     * firewall (ICMP port unreachable), so that programs learn it at once; say false for an outage
     * that lasts, not for one that is being mended. Cheap, and the same value again is allowed.
     */
    default void carriesDatagrams(boolean now) {}
  }

  /** A running tunnel; {@code dial} is called from several event loops at once. */
  interface Session extends AutoCloseable {
    /**
     * Opens a TCP connection at the far end. Never blocks: the outcome is told to the listener, by
     * exactly one of {@link Listener#opened} and {@link Listener#failed}. While the tunnel is being
     * rebuilt a dial waits, bounded, rather than fail.
     *
     * @param to where to; unresolved if a host name is to be resolved at the far end
     */
    Connection dial(InetSocketAddress to, Listener listener);

    /**
     * Opens a UDP flow at the far end: one socket there, connected to one destination. Never
     * blocks: the outcome is told to the listener, by exactly one of {@link
     * DatagramListener#opened} and {@link DatagramListener#failed}, which may come during this call
     * already. While the tunnel is being rebuilt this waits, bounded, rather than fail.
     *
     * @param to where to; unresolved if a host name is to be resolved at the far end
     */
    default DatagramFlow datagrams(InetSocketAddress to, DatagramListener listener) {
      listener.failed(
          new DialFailure(DialFailure.Kind.GENERAL, "this tunnel carries no UDP datagrams"));
      return new DatagramFlow() {
        @Override
        public void send(ByteBuffer datagram) {}

        @Override
        public void close() {}
      };
    }

    /**
     * This machine has other addresses or routes than before: connections may be dead, and what was
     * not reached may be within reach. Only enqueues. Systems that do not announce this never call.
     */
    default void networkChanged() {}

    /** Ends all connections with {@link Listener#reset} and the tunnel with them. Idempotent. */
    @Override
    void close();
  }

  /**
   * Our end of a connection through the tunnel. Calls are allowed from any thread but one at a
   * time; all of them return at once, and all but {@code close} are no-ops after the end.
   */
  interface Connection {
    /**
     * Sends bytes; allowed before {@link Listener#opened}, so that a first request needs no round
     * trip of its own. The buffer's content is read before the call returns; the caller keeps it.
     * After each call {@link #writable} says whether more is welcome now.
     */
    void write(ByteBuffer data);

    /** False while so much is waiting to be sent that the caller should pause. */
    boolean writable();

    /** No more bytes will be written: TCP FIN at the far end, after what was written. */
    void shutdownOutput();

    /** Pauses or resumes delivery of received bytes; connections start resumed. */
    void reading(boolean wanted);

    /** Aborts: TCP RST at the far end where the tunnel can say so. Idempotent. */
    void reset();
  }

  /**
   * What happens to a connection, in order, on one thread at a time. Must not block. The end is
   * either {@code failed}, or {@code reset}, or both sides having shut down their output.
   */
  interface Listener {
    /** The far end has accepted. */
    void opened();

    /** There is no connection and will be none. */
    void failed(DialFailure failure);

    /** Bytes from the far end; valid only during the call. */
    void received(ByteBuffer data);

    /** The far end will send no more (TCP FIN); writing goes on. */
    void inputShutdown();

    /** The connection was aborted, there or on the way. Nothing follows. */
    void reset(String reason);

    /** {@link Connection#writable} has become true again. */
    void writable();
  }

  /**
   * Our end of a UDP flow through the tunnel. Calls are allowed from any thread but one at a time;
   * all of them return at once, and all are no-ops after the end.
   */
  interface DatagramFlow {
    /**
     * Sends one datagram; allowed before {@link DatagramListener#opened}, so that a first request
     * needs no round trip of its own. The buffer's content is read before the call returns; the
     * caller keeps it. UDP may lose datagrams, and so may this: what the tunnel cannot take now is
     * dropped, never kept without bound.
     *
     * @param datagram the UDP payload, 0 to 65,527 bytes (RFC 9298 §5)
     */
    void send(ByteBuffer datagram);

    /** Ends the flow; {@link DatagramListener#closed} does not follow. Idempotent. */
    void close();
  }

  /**
   * What happens to a UDP flow, in order, on one thread at a time. Must not block. The end is
   * {@code failed}, {@code closed}, or the caller's own {@link DatagramFlow#close}, after which
   * something that was under way may still be told.
   */
  interface DatagramListener {
    /** The far end has its socket; whether anybody answers there is not known. */
    void opened();

    /** One datagram from the far end; the buffer is valid only during the call. */
    void received(ByteBuffer datagram);

    /** There is no flow and will be none. */
    void failed(DialFailure failure);

    /**
     * The flow was ended after it had opened: the tunnel broke, the far end has been idle for too
     * long, or the destination refused (ICMP port unreachable). Nothing follows.
     *
     * @param reason one line for logs and {@code explain}
     */
    void closed(String reason);
  }

  /**
   * Why a dial failed.
   *
   * @param detail one line for logs and {@code explain}
   */
  record DialFailure(Kind kind, String detail) {
    /** Maps onto the replies of RFC 1928 §6. */
    public enum Kind {
      GENERAL,
      NOT_ALLOWED,
      NETWORK_UNREACHABLE,
      HOST_UNREACHABLE,
      REFUSED,
      TIMED_OUT,
      NAME_NOT_FOUND
    }
  }
}
