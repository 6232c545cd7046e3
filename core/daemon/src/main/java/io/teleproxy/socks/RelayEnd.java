package io.teleproxy.socks;

import io.netty.buffer.ByteBuf;

/**
 * One end of a relayed connection, as the {@link Relay} drives it. All calls on the relay's event
 * loop; all but {@link #write} (which then only releases) are no-ops after the end has closed.
 */
public interface RelayEnd {
  /** Sends bytes with the next {@link #flush}; takes ownership. */
  void write(ByteBuf data);

  void flush();

  /** False while so much is waiting to be sent that the other end should not be read. */
  boolean accepting();

  /** FIN after everything written so far. */
  void shutdownOutput();

  /** Pauses or resumes reading. */
  void reading(boolean wanted);

  /** RST. Unsent bytes are dropped, as in TCP. */
  void reset();
}
