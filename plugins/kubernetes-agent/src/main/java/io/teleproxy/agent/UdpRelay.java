package io.teleproxy.agent;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import io.teleproxy.agent.wire.DatagramCapsules;
import io.teleproxy.agent.wire.ProxyStatus;
import io.teleproxy.agent.wire.StreamUser;
import java.net.PortUnreachableException;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * A UDP socket at the far end, connected to one destination, and the stream that stands for it.
 * Nothing is held back here: what cannot be passed on at once is dropped, as on any network.
 * Confined to the event loop.
 */
final class UdpRelay extends SimpleChannelInboundHandler<DatagramPacket>
    implements StreamUser, Dialer.Waiter {
  /** With so many bytes waiting for the stream's window, answers are dropped. */
  private static final int HIGH_WATER = 256 * 1024;

  /** Datagrams that came before the socket is there. */
  private static final int MAX_EARLY = 64;

  private final AgentConnection connection;
  private final Http2Stream stream;
  private final DatagramCapsules capsules = new DatagramCapsules(this::send);
  private final ArrayDeque<ByteBuf> early = new ArrayDeque<>();
  private @Nullable Channel socket;
  private int waiting;
  private boolean over;

  UdpRelay(AgentConnection connection, Http2Stream stream) {
    this.connection = connection;
    this.stream = stream;
  }

  @Override
  public ChannelHandler handler() {
    return this;
  }

  @Override
  public boolean isSharable() {
    return true;
  }

  @Override
  public void connected(Channel channel) {
    if (over) {
      channel.close();
      return;
    }
    socket = channel;
    connection.headers(
        stream, new DefaultHttp2Headers(false).status("200").set("capsule-protocol", "?1"), false);
    for (ByteBuf payload = early.poll(); payload != null; payload = early.poll()) {
      channel.write(payload, channel.voidPromise());
    }
    channel.flush();
  }

  @Override
  public void failed(ProxyStatus why) {
    if (!over) {
      end();
      connection.refuse(stream, why);
    }
  }

  @Override
  public void headers(Http2Headers headers, boolean end) {}

  @Override
  public int data(ByteBuf data, boolean end) {
    int length = data.readableBytes();
    capsules.read(data);
    if (socket != null) {
      socket.flush();
    }
    if (end && !over) {
      end();
      connection.data(stream, Unpooled.EMPTY_BUFFER, true);
    }
    return length;
  }

  private void send(ByteBuf payload) {
    if (over) {
      return;
    }
    if (socket != null) {
      // A failed write is the answer to an earlier datagram (ICMP); it is lost, as datagrams may
      // be.
      socket.write(payload.retain(), socket.newPromise());
    } else if (early.size() < MAX_EARLY) {
      early.add(payload.copy());
    }
  }

  @Override
  public void reset(long code) {
    end();
  }

  @Override
  public void lost(String reason) {
    end();
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, DatagramPacket packet) {
    if (over || waiting > HIGH_WATER) {
      return;
    }
    ByteBuf capsule = DatagramCapsules.capsule(ctx.alloc(), packet.content());
    int length = capsule.readableBytes();
    waiting += length;
    connection.data(stream, capsule, false).addListener(sent -> waiting -= length);
  }

  /** ICMP port unreachable: the client is told, as it would be without a tunnel. */
  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof PortUnreachableException && !over) {
      end();
      connection.reset(stream, Http2Error.CONNECT_ERROR);
    }
  }

  private void end() {
    if (!over) {
      over = true;
      connection.forget(stream);
      capsules.close();
      for (ByteBuf payload = early.poll(); payload != null; payload = early.poll()) {
        payload.release();
      }
      if (socket != null) {
        socket.close();
      }
    }
  }
}
