package io.teleproxy.proxy;

import io.teleproxy.proxy.Flow.State;
import io.teleproxy.socks.Relay;
import io.teleproxy.spi.Protocol;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/** A flow while it lives: written by its event loop only, read by any thread. */
final class LiveFlow implements Relay.Observer {
  final long id;
  final int target;
  private final Protocol protocol;
  private final InetSocketAddress client;
  private final InetSocketAddress destination;
  private final String name;
  private final Flows flows;
  private final Runnable abort;
  private final Instant since = Instant.now();
  private final AtomicLong up = new AtomicLong();
  private final AtomicLong down = new AtomicLong();
  private volatile State state = State.CONNECTING;

  /** When the far end was asked: at the start (TCP), or by the first datagram (UDP). */
  private long askedNanos = System.nanoTime();

  private volatile long roundTrip = -1;

  LiveFlow(
      long id,
      Protocol protocol,
      InetSocketAddress client,
      InetSocketAddress destination,
      String name,
      int target,
      Flows flows,
      Runnable abort) {
    this.id = id;
    this.protocol = protocol;
    this.client = client;
    this.destination = destination;
    this.name = name;
    this.target = target;
    this.flows = flows;
    this.abort = abort;
  }

  InetSocketAddress destination() {
    return destination;
  }

  State state() {
    return state;
  }

  void opened() {
    if (protocol == Protocol.TCP) {
      answered();
    }
    state = State.OPEN;
    flows.opened(this);
  }

  private void answered() {
    if (roundTrip < 0) {
      roundTrip = (System.nanoTime() - askedNanos) / 1000;
    }
  }

  /** Resets it; any thread. */
  void abort() {
    abort.run();
  }

  /** Bytes both ways. */
  long up() {
    return up.get();
  }

  long down() {
    return down.get();
  }

  Flow toRecord(State as) {
    return new Flow(
        id,
        protocol,
        client,
        destination,
        name,
        target,
        as,
        since,
        roundTrip,
        up.get(),
        down.get());
  }

  @Override
  public void carried(boolean isUp, int bytes) {
    AtomicLong counter = isUp ? up : down;
    if (protocol == Protocol.UDP && roundTrip < 0) {
      if (!isUp) {
        answered();
      } else if (up.get() == 0) {
        askedNanos = System.nanoTime();
      }
    }
    if (!isUp && counter.get() == 0 && bytes > 0) {
      flows.heard(this);
    }
    counter.lazySet(counter.get() + bytes); // one writer
  }

  @Override
  public void ended(String reason) {
    flows.ended(this, reason);
  }
}
