package io.teleproxy.socks;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Carries bytes between two ends, and is the one place that knows what backpressure, half-close and
 * reset mean: an end whose peer cannot send is not read; FIN becomes FIN and the other direction
 * goes on; RST, or a connection that breaks in any other way, becomes RST; a connection is over
 * when both directions have ended.
 *
 * <p>Confined to one event loop; the ends report to it by the package-private methods.
 */
public final class Relay {
  /** The reason of a connection that ended in FIN both ways. */
  public static final String CLOSED = "closed";

  /** Told what happens, on the relay's event loop. */
  public interface Observer {
    /** Sees nothing. */
    Observer NONE =
        new Observer() {
          @Override
          public void carried(boolean up, int bytes) {}

          @Override
          public void ended(String reason) {}
        };

    /**
     * Bytes were passed on.
     *
     * @param up from the client's side to the server's
     */
    void carried(boolean up, int bytes);

    /**
     * Both ends are closed; called once.
     *
     * @param reason {@link #CLOSED}, or what broke the connection
     */
    void ended(String reason);
  }

  private final RelayEnd client;
  private final RelayEnd server;
  private final Observer observer;
  private @Nullable String broken;
  private int closed;

  public Relay(RelayEnd client, RelayEnd server, Observer observer) {
    this.client = client;
    this.server = server;
    this.observer = observer;
  }

  /** Breaks the connection: RST on both sides. */
  public void abort(String reason) {
    if (broken == null) {
      broken = reason;
    }
    client.reset();
    server.reset();
  }

  void received(RelayEnd from, ByteBuf data) {
    RelayEnd to = other(from);
    observer.carried(from == client, data.readableBytes());
    to.write(data);
    if (!to.accepting()) {
      from.reading(false);
    }
  }

  /** A batch of {@link #received} is over. */
  void receivedAll(RelayEnd from) {
    other(from).flush();
  }

  /** FIN came in. */
  void finished(RelayEnd from) {
    other(from).shutdownOutput();
  }

  void writable(RelayEnd at) {
    other(at).reading(true);
  }

  /**
   * An end is over; each reports it once.
   *
   * @param failure null if both its directions ended in FIN
   */
  void closed(RelayEnd at, @Nullable String failure) {
    if (failure != null) {
      if (broken == null) {
        broken = (at == client ? "client: " : "server: ") + failure;
      }
      other(at).reset();
    }
    closed++;
    if (closed == 2) {
      observer.ended(broken == null ? CLOSED : broken);
    }
  }

  private RelayEnd other(RelayEnd end) {
    return end == client ? server : client;
  }
}
