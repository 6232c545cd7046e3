package io.teleproxy.plugin.kubernetes.agent;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import io.teleproxy.agent.wire.ConnectRequest;
import io.teleproxy.agent.wire.ProxyStatus;
import io.teleproxy.agent.wire.StreamUser;
import io.teleproxy.plugin.kubernetes.portforward.Carrier;
import io.teleproxy.spi.Tunnel.DialFailure;
import java.util.ArrayDeque;
import java.util.function.IntConsumer;

/**
 * A TCP connection at the far end as a stream of an {@link AgentLink}. While it is not read, what
 * comes is kept, at most a window of it. Confined to the event loop.
 */
final class AgentStream implements Carrier, StreamUser {
  /** The agent was asked for this connection before, over another way. */
  static final DialFailure ALREADY_ASKED =
      new DialFailure(DialFailure.Kind.GENERAL, "the tunnel broke before the far end had answered");

  /** Who hears of the stream. */
  interface Hearer extends Events {
    /** The answer is due, and nothing comes from the agent any more; it still may. */
    void suspected();
  }

  private final AgentLink link;
  private final Hearer events;
  private final ArrayDeque<ByteBuf> unread = new ArrayDeque<>();
  private final Http2Stream stream;
  private boolean reading = true;
  private boolean accepted;
  private boolean finished;
  private boolean inputEnded;
  private boolean inputEndTold;
  private boolean over;

  AgentStream(AgentLink link, Http2Stream stream, Hearer events) {
    this.link = link;
    this.stream = stream;
    this.events = events;
  }

  // --- the flow's side

  @Override
  public void write(ByteBuf bytes, IntConsumer sent) {
    bytes.skipBytes(HEADROOM);
    int length = bytes.readableBytes();
    if (over || finished) {
      bytes.release();
      sent.accept(length);
      return;
    }
    link.load().carried(length);
    link.data(stream, bytes, false).addListener(done -> sent.accept(length));
  }

  @Override
  public void finish() {
    if (!over && !finished) {
      finished = true;
      link.data(stream, Unpooled.EMPTY_BUFFER, true);
    }
  }

  @Override
  public void reading(boolean wanted) {
    reading = wanted;
    while (reading && !over && !unread.isEmpty()) {
      ByteBuf bytes = unread.remove();
      int length = bytes.readableBytes();
      events.received(bytes);
      bytes.release();
      link.consumed(stream, length);
    }
    tellInputEnd();
  }

  @Override
  public void abort() {
    end();
    link.abort(stream);
  }

  // --- the stream's side

  @Override
  public void headers(Http2Headers headers, boolean end) {
    if (over || accepted) {
      return;
    }
    CharSequence status = headers.status();
    if (status != null && status.length() == 3 && status.charAt(0) == '2') {
      accepted = true;
      link.answered(this);
      events.accepted();
      if (end) {
        data(Unpooled.EMPTY_BUFFER, true);
      }
    } else {
      end();
      link.reset(stream, Http2Error.NO_ERROR);
      events.refused(
          ConnectRequest.isAlreadyAsked(headers)
              ? ALREADY_ASKED
              : failure(ProxyStatus.of(headers)));
    }
  }

  @Override
  public int data(ByteBuf data, boolean end) {
    int length = data.readableBytes();
    link.load().carried(length);
    int taken = length;
    if (length > 0 && !over) {
      if (reading && unread.isEmpty()) {
        events.received(data);
      } else {
        keep(data);
        taken = 0;
      }
    }
    if (end) {
      inputEnded = true;
      tellInputEnd();
    }
    return taken;
  }

  /** Copied: a few bytes would hold the whole buffer in which they arrived. */
  private void keep(ByteBuf data) {
    ByteBuf last = unread.peekLast();
    if (last != null && last.writableBytes() >= data.readableBytes()) {
      last.writeBytes(data);
    } else {
      int capacity = Math.max(16 * 1024, data.readableBytes());
      unread.add(data.alloc().directBuffer(capacity).writeBytes(data));
    }
  }

  @Override
  public void reset(long code) {
    if (code == Http2Error.REFUSED_STREAM.code()) {
      lost("the agent did not take the stream");
    } else if (!over) {
      end();
      events.refused(new DialFailure(DialFailure.Kind.GENERAL, "reset by the far end"));
    }
  }

  @Override
  public void lost(String reason) {
    if (over || (finished && inputEnded)) {
      return;
    }
    end();
    events.lost(reason);
  }

  void suspected() {
    events.suspected();
  }

  private void tellInputEnd() {
    if (inputEnded && !inputEndTold && !over && unread.isEmpty()) {
      inputEndTold = true;
      events.inputFinished();
    }
  }

  private void end() {
    over = true;
    link.answered(this);
    for (ByteBuf bytes = unread.poll(); bytes != null; bytes = unread.poll()) {
      bytes.release();
    }
  }

  static DialFailure failure(ProxyStatus status) {
    DialFailure.Kind kind =
        switch (status.error()) {
          case CONNECTION_REFUSED -> DialFailure.Kind.REFUSED;
          case CONNECTION_TIMEOUT -> DialFailure.Kind.TIMED_OUT;
          case DESTINATION_UNAVAILABLE -> DialFailure.Kind.HOST_UNREACHABLE;
          case DESTINATION_IP_UNROUTABLE -> DialFailure.Kind.NETWORK_UNREACHABLE;
          case DESTINATION_IP_PROHIBITED -> DialFailure.Kind.NOT_ALLOWED;
          case DNS_ERROR -> DialFailure.Kind.NAME_NOT_FOUND;
          case HTTP_REQUEST_ERROR, PROXY_INTERNAL_ERROR -> DialFailure.Kind.GENERAL;
        };
    return new DialFailure(kind, status.detail());
  }
}
