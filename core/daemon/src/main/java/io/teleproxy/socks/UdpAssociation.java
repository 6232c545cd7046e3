package io.teleproxy.socks;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.NetUtil;
import io.netty.util.ReferenceCountUtil;
import io.teleproxy.socks.Socks5.ProtocolException;
import java.net.InetSocketAddress;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's datagrams (RFC 1928 §7): a socket on 127.0.0.1 to which the client sends them with a
 * header that says where they go, and a flow of the tunnel per destination. It lives as long as the
 * TCP connection on which it was asked for. The other way round, that connection is closed when the
 * tunnel has ended the last flow: a client with one destination so learns that it cannot be
 * reached.
 *
 * <p>Confined to the event loop of the TCP connection. This is the handler of the UDP socket.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failures arrive as events of the channels
final class UdpAssociation extends ChannelInboundHandlerAdapter {
  private static final Logger log = LoggerFactory.getLogger(SocksServer.class);

  /** Destinations of one association; beyond, the one that was not used for longest goes. */
  private static final int MOST_FLOWS = 256;

  private static final int SWEEP_SECONDS = 10;

  private final UdpAssociations associations;
  private final Channel control;

  /** In the log. */
  private final long number;

  /** Least recently used first. */
  private final Map<InetSocketAddress, AssociatedFlow> flows = new LinkedHashMap<>(4, 0.75f, true);

  /** Who may use it: a port of 127.0.0.1. 0 until its first datagram, if it has not said so. */
  private int clientPort;

  private @Nullable Channel relay;
  private @Nullable Future<?> sweep;
  private boolean over;

  UdpAssociation(UdpAssociations associations, Channel control, int clientPort, long number) {
    this.number = number;
    this.associations = associations;
    this.control = control;
    this.clientPort = clientPort;
  }

  /** The last handler of the TCP connection from now on. */
  Control control() {
    return new Control();
  }

  /** Opens the socket and tells the client about it. */
  void bind() {
    new Bootstrap()
        .group(control.eventLoop())
        .channelFactory(associations.transport.datagram(Loopback.IPV4))
        .option(ChannelOption.RECVBUF_ALLOCATOR, Buffering.DATAGRAM)
        .handler(this)
        .bind(Loopback.IPV4, 0)
        .addListener((ChannelFutureListener) this::bound);
  }

  private void bound(ChannelFuture bound) {
    if (!bound.isSuccess()) {
      log.warn("SOCKS5 server: no socket for datagrams: {}", bound.cause().getMessage());
      control.close();
      return;
    }
    relay = bound.channel();
    if (over) {
      relay.close();
      return;
    }
    ByteBuf reply = control.alloc().directBuffer(10);
    Socks5.writeAssociated(reply, (InetSocketAddress) relay.localAddress());
    control.writeAndFlush(reply, control.voidPromise());
    sweep =
        control
            .eventLoop()
            .scheduleWithFixedDelay(this::sweep, SWEEP_SECONDS, SWEEP_SECONDS, TimeUnit.SECONDS);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    DatagramPacket packet = (DatagramPacket) message;
    try {
      if (over || !isClient(packet.sender())) {
        return;
      }
      InetSocketAddress to = Socks5.readDatagramHeader(packet.content());
      clientPort = packet.sender().getPort();
      flow(to).send(packet.content().nioBuffer());
    } catch (ProtocolException e) {
      log.debug("datagram from {} dropped: {}", packet.sender(), e.getMessage());
    } finally {
      packet.release();
    }
  }

  private boolean isClient(InetSocketAddress sender) {
    return sender.getAddress().equals(((InetSocketAddress) control.remoteAddress()).getAddress())
        && (clientPort == 0 || clientPort == sender.getPort());
  }

  private AssociatedFlow flow(InetSocketAddress to) {
    AssociatedFlow known = flows.get(to);
    if (known != null) {
      return known;
    }
    if (flows.size() >= MOST_FLOWS) {
      Iterator<AssociatedFlow> leastUsed = flows.values().iterator();
      leastUsed.next().close();
      leastUsed.remove();
    }
    if (log.isDebugEnabled()) {
      log.debug("#{} datagrams to {}", number, NetUtil.toSocketAddressString(to));
    }
    AssociatedFlow flow = new AssociatedFlow(this, to, control);
    flows.put(to, flow);
    flow.open(associations.tunnel);
    return flow;
  }

  /** A datagram for the client, without its header. */
  void deliver(InetSocketAddress from, ByteBuf payload) {
    if (relay == null || over) {
      payload.release();
      return;
    }
    ByteBuf datagram = control.alloc().directBuffer(32 + payload.readableBytes());
    Socks5.writeDatagramHeader(datagram, from);
    datagram.writeBytes(payload);
    payload.release();
    InetSocketAddress client = new InetSocketAddress(Loopback.IPV4, clientPort);
    relay.writeAndFlush(new DatagramPacket(datagram, client), relay.voidPromise());
  }

  /** The tunnel has ended a flow. */
  void ended(InetSocketAddress to, AssociatedFlow flow, String reason) {
    if (log.isDebugEnabled()) {
      log.debug(
          "#{} datagrams to {} ended at the far end: {}",
          number,
          NetUtil.toSocketAddressString(to),
          reason);
    }
    if (flows.remove(to, flow) && flows.isEmpty()) {
      control.close();
    }
  }

  private void sweep() {
    flows
        .values()
        .removeIf(
            flow -> {
              boolean idle = flow.idle();
              if (idle) {
                flow.close();
              }
              return idle;
            });
  }

  private void end() {
    if (over) {
      return;
    }
    over = true;
    flows.values().forEach(AssociatedFlow::close);
    flows.clear();
    if (sweep != null) {
      sweep.cancel(false);
    }
    if (relay != null) {
      relay.close();
    }
  }

  /** A datagram that cannot be sent is lost, as they are. */
  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    log.debug("datagrams: {}", cause.getMessage());
  }

  /** Nothing is expected of the client any more but that it closes. */
  private final class Control extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ReferenceCountUtil.release(message);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof ChannelInputShutdownEvent) {
        ctx.close();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      end();
    }
  }
}
