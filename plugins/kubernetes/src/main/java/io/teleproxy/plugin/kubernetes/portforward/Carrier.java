package io.teleproxy.plugin.kubernetes.portforward;

import io.netty.buffer.ByteBuf;
import io.teleproxy.spi.Tunnel.DialFailure;
import java.util.function.IntConsumer;

/** What carries a flow's bytes. Called on the event loop only. */
public interface Carrier {
  /** Room that every written buffer has in front of its reader index, for a frame header. */
  int HEADROOM = 8;

  /**
   * Sends bytes, in order.
   *
   * @param bytes handed over; readable from index {@link #HEADROOM}
   * @param sent told the number of bytes once the socket has taken them, or they were given up
   */
  void write(ByteBuf bytes, IntConsumer sent);

  /** Nothing more will be written. */
  void finish();

  void reading(boolean wanted);

  /** Ends the connection at once; its flow hears nothing more. */
  void abort();

  /** What a flow hears from its carrier, on the event loop. */
  interface Events {
    /** The far end has taken the connection, as far as the protocol can tell. */
    void accepted();

    /** Valid only during the call. */
    void received(ByteBuf bytes);

    /** The far end sends no more but may still read. */
    void inputFinished();

    /** The far end neither sends nor reads any more; the carrier is gone. */
    void farEndClosed();

    /** The far end says why there is no connection, or why it ended; the carrier is gone. */
    void refused(DialFailure why);

    /**
     * The way there broke, and nothing that was written before {@link #accepted} has had an effect
     * that a second try could double, as far as the protocol can tell; the carrier is gone.
     */
    void lost(String reason);
  }
}
