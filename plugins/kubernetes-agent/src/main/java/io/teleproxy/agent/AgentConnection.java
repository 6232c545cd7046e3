package io.teleproxy.agent;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import io.teleproxy.agent.wire.ConnectRequest;
import io.teleproxy.agent.wire.ConnectRequest.Destination;
import io.teleproxy.agent.wire.DoorRequest;
import io.teleproxy.agent.wire.ProxyStatus;
import io.teleproxy.agent.wire.StreamUser;
import io.teleproxy.agent.wire.TunnelConnection;
import io.teleproxy.agent.wire.WindowBudget;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A client's connection: makes a relay of each request. Confined to the event loop. */
final class AgentConnection extends TunnelConnection {
  private static final long WATCH_SECONDS = 15;

  private final Dialer dialer;
  private final Door door;
  private final SeenAttempts seen;
  private final long patienceNanos;
  private @Nullable Future<?> watch;

  /**
   * @param patienceNanos how long a client may say nothing, asleep for instance, before it is gone
   */
  AgentConnection(
      WindowBudget budget,
      Dialer dialer,
      Door door,
      SeenAttempts seen,
      long instance,
      long patienceNanos) {
    super(true, budget, instance);
    this.seen = seen;
    this.dialer = dialer;
    this.door = door;
    this.patienceNanos = patienceNanos;
  }

  @Override
  protected void opened(Http2Stream stream, Http2Headers request, boolean end) {
    Optional<String> admitted = DoorRequest.read(request);
    if (admitted.isPresent()) {
      user(stream, new Swallowed());
      door.open(admitted.get(), port -> headers(stream, DoorRequest.opened(port), true));
      return;
    }
    Optional<Destination> asked = ConnectRequest.read(request);
    if (asked.isEmpty()) {
      headers(
          stream,
          new ProxyStatus(ProxyStatus.Reason.HTTP_REQUEST_ERROR, "no CONNECT to host and port")
              .headers(),
          true);
      reset(stream, Http2Error.NO_ERROR);
      return;
    }
    Destination destination = asked.get();
    if (!seen.isNew(destination.attempt())) {
      user(stream, new Swallowed());
      headers(stream, ConnectRequest.alreadyAsked(), true);
      return;
    }
    if (destination.udp()) {
      UdpRelay relay = new UdpRelay(this, stream);
      user(stream, relay);
      dialer.udp(destination.to(), relay);
    } else {
      TcpRelay relay = new TcpRelay(this, stream);
      user(stream, relay);
      if (end) {
        relay.data(io.netty.buffer.Unpooled.EMPTY_BUFFER, true);
      }
      dialer.tcp(destination.to(), relay);
    }
  }

  /** Tells why there is no connection, and is done with the stream. */
  void refuse(Http2Stream stream, ProxyStatus why) {
    user(stream, new Swallowed());
    headers(stream, why.headers(), true);
  }

  void forget(Http2Stream stream) {
    user(stream, null);
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) throws Exception {
    super.handlerAdded(ctx);
    watch =
        ctx.executor()
            .scheduleWithFixedDelay(
                () -> watch(ctx), WATCH_SECONDS, WATCH_SECONDS, TimeUnit.SECONDS);
  }

  private void watch(ChannelHandlerContext ctx) {
    ask(false);
    if (silentNanos() > patienceNanos) {
      lossReason("the client has been silent for too long");
      ctx.channel().close();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) throws Exception {
    if (watch != null) {
      watch.cancel(false);
    }
    super.channelInactive(ctx);
  }

  /** What was sent early to a destination that there is not, for instance. */
  private static final class Swallowed implements StreamUser {
    @Override
    public void headers(Http2Headers headers, boolean end) {}

    @Override
    public int data(io.netty.buffer.ByteBuf data, boolean end) {
      return data.readableBytes();
    }

    @Override
    public void reset(long code) {}

    @Override
    public void lost(String reason) {}
  }
}
