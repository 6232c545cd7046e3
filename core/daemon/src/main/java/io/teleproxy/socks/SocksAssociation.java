package io.teleproxy.socks;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.ReferenceCountUtil;
import io.teleproxy.net.Transport;
import io.teleproxy.socks.Socks5.ProtocolException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * The client's side of a UDP association with a SOCKS5 proxy on this machine (RFC 1928 §7): a
 * socket for datagrams, and the TCP connection that keeps the association alive. Confined to one
 * event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failures arrive as events of the channels
public final class SocksAssociation {
  /** Datagrams that wait for the proxy's consent; more are lost. */
  private static final int MOST_WAITING = 32;

  private static final int CONNECT_MILLIS = 10_000;

  /** What becomes of it, on its event loop; nothing follows {@code ended} or {@code close}. */
  public interface Listener {
    /** The proxy has consented. */
    void opened();

    /**
     * A datagram came back.
     *
     * @param from as the proxy says
     * @param payload valid only during the call
     */
    void received(InetSocketAddress from, ByteBuf payload);

    /** The proxy has refused it or ended it, or is not there. */
    void ended(String reason);
  }

  private record Waiting(InetSocketAddress to, ByteBuf payload) {}

  private final EventLoop loop;
  private final Transport transport;
  private final int target;
  private final boolean pipelined;
  private final long flow;
  private final Listener listener;
  private final Deque<Waiting> waiting = new ArrayDeque<>();
  private @Nullable Channel datagrams;
  private @Nullable Channel control;
  private boolean open;
  private boolean over;

  private SocksAssociation(
      EventLoop loop,
      Transport transport,
      int target,
      boolean pipelined,
      long flow,
      Listener listener) {
    this.loop = loop;
    this.transport = transport;
    this.target = target;
    this.pipelined = pipelined;
    this.flow = flow;
    this.listener = listener;
  }

  /**
   * Asks for an association; called on the event loop.
   *
   * @param target port of the proxy on 127.0.0.1
   * @param pipelined whether the proxy is ours, and so known to take everything at once
   * @param flow by which number our own proxy's log is to name it; 0 for none
   */
  public static SocksAssociation open(
      EventLoop loop,
      Transport transport,
      int target,
      boolean pipelined,
      long flow,
      Listener listener) {
    SocksAssociation association =
        new SocksAssociation(loop, transport, target, pipelined, flow, listener);
    association.bind();
    return association;
  }

  /**
   * Sends a datagram, once the proxy has consented.
   *
   * @param to resolved
   * @param payload taken over
   */
  public void send(InetSocketAddress to, ByteBuf payload) {
    if (over) {
      payload.release();
    } else if (!open || datagrams == null) {
      if (waiting.size() < MOST_WAITING) {
        waiting.add(new Waiting(to, payload));
      } else {
        payload.release();
      }
    } else {
      ByteBuf datagram = datagrams.alloc().directBuffer(32 + payload.readableBytes());
      Socks5.writeDatagramHeader(datagram, to);
      datagram.writeBytes(payload);
      payload.release();
      datagrams.writeAndFlush(datagram, datagrams.voidPromise());
    }
  }

  /** Ends it; the listener is not told. Idempotent. */
  public void close() {
    over = true;
    waiting.forEach(one -> one.payload().release());
    waiting.clear();
    if (datagrams != null) {
      datagrams.close();
    }
    if (control != null) {
      control.close();
    }
  }

  private void end(String reason) {
    if (!over) {
      close();
      listener.ended(reason);
    }
  }

  private void bind() {
    new Bootstrap()
        .group(loop)
        .channelFactory(transport.datagram(Loopback.IPV4))
        .option(ChannelOption.RECVBUF_ALLOCATOR, Buffering.DATAGRAM)
        .handler(new Answers())
        .bind(Loopback.IPV4, 0)
        .addListener(
            (ChannelFutureListener)
                bound -> {
                  if (!bound.isSuccess()) {
                    end("no socket for datagrams: " + bound.cause().getMessage());
                  } else if (over) {
                    bound.channel().close();
                  } else {
                    datagrams = bound.channel();
                    associate((InetSocketAddress) bound.channel().localAddress());
                  }
                });
  }

  private void associate(InetSocketAddress from) {
    ChannelFuture connecting =
        new Bootstrap()
            .group(loop)
            .channelFactory(transport.client(Loopback.IPV4))
            .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    Consent consent = new Consent();
                    SocksConnect request = SocksConnect.associate(from, pipelined, flow, consent);
                    consent.request = request;
                    channel.pipeline().addLast(request, new Control());
                  }
                })
            .connect(Loopback.IPV4, target);
    control = connecting.channel();
    connecting.addListener(
        connected -> {
          if (!connected.isSuccess()) {
            end(String.valueOf(connected.cause().getMessage()));
          }
        });
  }

  /** Only the proxy's relay may send to us from here on. */
  private void connect(InetSocketAddress relay) {
    if (over || datagrams == null) {
      return;
    }
    // Many proxies tell the wildcard address when they mean the one that was asked.
    InetAddress address =
        relay.isUnresolved() || relay.getAddress().isAnyLocalAddress()
            ? Loopback.IPV4
            : relay.getAddress();
    datagrams
        .connect(new InetSocketAddress(address, relay.getPort()))
        .addListener(
            connected -> {
              if (!connected.isSuccess()) {
                end("its relay " + relay + ": " + connected.cause().getMessage());
              } else if (!over) {
                open = true;
                listener.opened();
                while (!waiting.isEmpty()) {
                  Waiting next = waiting.remove();
                  send(next.to(), next.payload());
                }
              }
            });
  }

  private final class Consent implements SocksConnect.Outcome {
    private @Nullable SocksConnect request;

    @Override
    public void connected() {
      InetSocketAddress relay = request == null ? null : request.relay();
      if (relay != null) {
        connect(relay);
      }
    }

    @Override
    public void failed(String reason) {
      end(reason);
    }
  }

  /** What comes from the relay. */
  private final class Answers extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      DatagramPacket packet = (DatagramPacket) message;
      try {
        if (open && !over) {
          listener.received(Socks5.readDatagramHeader(packet.content()), packet.content());
        }
      } catch (ProtocolException e) {
        // Nobody's datagram, or a fragment.
      } finally {
        packet.release();
      }
    }

    /** Of a connected socket: the relay is gone, or a datagram was too large. */
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      if (cause instanceof java.net.PortUnreachableException) {
        end("its relay is gone");
      }
    }
  }

  private final class Control extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ReferenceCountUtil.release(message);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof ChannelInputShutdownEvent) {
        end("it ended the association");
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      end(String.valueOf(cause.getMessage()));
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      end("it ended the association");
    }
  }
}
