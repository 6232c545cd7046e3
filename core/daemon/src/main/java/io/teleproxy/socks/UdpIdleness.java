package io.teleproxy.socks;

import java.util.concurrent.TimeUnit;

/**
 * Decides when a flow of datagrams is over, which nobody says: as netfilter does, sooner for one
 * question and its answer than for a conversation. Confined to one thread.
 */
public final class UdpIdleness {
  /** RFC 4787 §4.3 wants two minutes at least for what may go on. */
  private static final long CONVERSATION = TimeUnit.SECONDS.toNanos(180);

  private static final long QUESTION = TimeUnit.SECONDS.toNanos(60);

  private long last = System.nanoTime();
  private boolean answered;
  private boolean conversation;

  /** The client has sent. */
  public void sent() {
    last = System.nanoTime();
    conversation |= answered;
  }

  /** The far end has sent. */
  public void received() {
    last = System.nanoTime();
    answered = true;
  }

  /** Whether it has been silent for too long. */
  public boolean expired() {
    return System.nanoTime() - last > (conversation ? CONVERSATION : QUESTION);
  }
}
