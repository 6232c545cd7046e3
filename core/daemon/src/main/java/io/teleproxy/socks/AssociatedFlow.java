package io.teleproxy.socks;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.teleproxy.spi.Tunnel;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The datagrams between an association and one destination. The tunnel calls the listener methods
 * on threads of its own; everything is carried over to the association's event loop.
 */
final class AssociatedFlow implements Tunnel.DatagramListener {
  private static final Logger log = LoggerFactory.getLogger(SocksServer.class);

  private final UdpAssociation association;
  private final InetSocketAddress to;
  private final Channel control;
  private final UdpIdleness idleness = new UdpIdleness();
  private Tunnel.@Nullable DatagramFlow flow;

  AssociatedFlow(UdpAssociation association, InetSocketAddress to, Channel control) {
    this.association = association;
    this.to = to;
    this.control = control;
  }

  /** What the tunnel says during this call is acted on afterwards. */
  void open(Tunnel.Session tunnel) {
    try {
      flow = tunnel.datagrams(to, this);
    } catch (RuntimeException e) {
      log.error("Datagrams to {} failed unexpectedly", to, e);
      closed(e.toString());
    }
  }

  void send(ByteBuffer payload) {
    idleness.sent();
    if (flow != null) {
      flow.send(payload);
    }
  }

  boolean idle() {
    return idleness.expired();
  }

  void close() {
    if (flow != null) {
      flow.close();
      flow = null;
    }
  }

  @Override
  public void opened() {}

  @Override
  public void received(ByteBuffer datagram) {
    ByteBuf copy = control.alloc().directBuffer(datagram.remaining()).writeBytes(datagram);
    boolean accepted =
        execute(
            () -> {
              if (flow == null) {
                copy.release();
              } else {
                idleness.received();
                association.deliver(to, copy);
              }
            });
    if (!accepted) {
      copy.release();
    }
  }

  @Override
  public void failed(Tunnel.DialFailure failure) {
    closed(failure.kind() + " (" + failure.detail() + ")");
  }

  @Override
  public void closed(String reason) {
    execute(
        () -> {
          flow = null;
          association.ended(to, this, reason);
        });
  }

  private boolean execute(Runnable event) {
    try {
      control.eventLoop().execute(event);
      return true;
    } catch (RejectedExecutionException e) {
      return false; // the event loops are shut down, and the client with them
    }
  }
}
