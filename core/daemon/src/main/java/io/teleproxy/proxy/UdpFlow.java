package io.teleproxy.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DatagramPacket;
import io.teleproxy.net.Transport;
import io.teleproxy.socks.Relay;
import io.teleproxy.socks.SocksAssociation;
import io.teleproxy.socks.UdpIdleness;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One client's datagrams to one destination: an association with the route's SOCKS5 proxy of its
 * own, so that answers need no telling apart. Confined to the event loop of the {@link UdpProxy}.
 */
final class UdpFlow implements SocksAssociation.Listener {
  /** What comes so soon after a failure is lost: a new attempt per datagram would be a flood. */
  private static final long PAUSE = TimeUnit.SECONDS.toNanos(1);

  private final Channel socket;
  private final InetSocketAddress client;
  private final InetSocketAddress destination;
  private final UdpIdleness idleness = new UdpIdleness();
  private final LiveFlow account;
  private @Nullable SocksAssociation association;
  private long failedAt;
  private boolean over;

  /**
   * @param socket where the client's datagrams arrive, and from which it awaits the answers
   */
  UdpFlow(
      Channel socket,
      InetSocketAddress client,
      InetSocketAddress destination,
      int target,
      Flows flows,
      EventLoop loop) {
    this.socket = socket;
    this.client = client;
    this.destination = destination;
    this.account =
        flows.begin(
            io.teleproxy.spi.Protocol.UDP,
            client,
            destination,
            target,
            () -> loop.execute(() -> end("proxy closed")));
  }

  void open(EventLoop loop, Transport transport, boolean pipelined) {
    association =
        SocksAssociation.open(loop, transport, account.target, pipelined, account.id, this);
  }

  /** Takes the payload over. */
  void send(ByteBuf payload) {
    if (over || association == null) {
      payload.release();
      return;
    }
    idleness.sent();
    account.carried(true, payload.readableBytes());
    association.send(destination, payload);
  }

  /** Whether it can be forgotten; ends it if it was idle for too long. */
  boolean expired() {
    if (over) {
      return System.nanoTime() - failedAt > PAUSE;
    }
    if (idleness.expired()) {
      end(Relay.CLOSED);
      return true;
    }
    return false;
  }

  /**
   * Ends it.
   *
   * @param reason {@link Relay#CLOSED} if nothing was wrong
   */
  void end(String reason) {
    if (over) {
      return;
    }
    over = true;
    failedAt = System.nanoTime();
    if (association != null) {
      association.close();
    }
    account.ended(reason);
  }

  @Override
  public void opened() {
    account.opened();
  }

  @Override
  public void received(InetSocketAddress from, ByteBuf payload) {
    if (over || (!from.isUnresolved() && !from.equals(destination))) {
      return;
    }
    idleness.received();
    account.carried(false, payload.readableBytes());
    socket.writeAndFlush(new DatagramPacket(payload.retain(), client), socket.voidPromise());
  }

  @Override
  public void ended(String reason) {
    end("SOCKS5 proxy " + account.target + ": " + reason);
  }
}
