package io.teleproxy.plugin.kubernetes.tunnel;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.spdy.DefaultSpdyDataFrame;
import io.netty.handler.codec.spdy.DefaultSpdyRstStreamFrame;
import io.netty.handler.codec.spdy.DefaultSpdySynReplyFrame;
import io.netty.handler.codec.spdy.SpdyDataFrame;
import io.netty.handler.codec.spdy.SpdyFrame;
import io.netty.handler.codec.spdy.SpdySynStreamFrame;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** The far end of one upgraded connection. Tests read what came as lines, and send frames. */
final class FakePod extends SimpleChannelInboundHandler<SpdyFrame> {
  private final Channel channel;
  private final FakeApiServer server;
  private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
  final AtomicLong received = new AtomicLong();
  volatile int errorId;
  volatile int dataId;

  FakePod(Channel channel, FakeApiServer server) {
    this.channel = channel;
    this.server = server;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, SpdyFrame frame) {
    if (frame instanceof SpdySynStreamFrame syn) {
      String type = syn.headers().getAsString("streamtype");
      if (type.equals("error")) {
        errorId = syn.streamId();
      } else {
        dataId = syn.streamId();
      }
      events.add(
          "open "
              + type
              + " port="
              + syn.headers().getAsString("port")
              + " request="
              + syn.headers().getAsString("requestid"));
      if (server.reply) {
        reply(syn.streamId());
      }
      if (type.equals("data")) {
        server.streams.add(this);
      }
    } else if (frame instanceof SpdyDataFrame data) {
      String type = data.streamId() == errorId ? "error" : "data";
      received.addAndGet(data.content().readableBytes());
      if (data.content().isReadable() && data.content().readableBytes() < 1000) {
        events.add(type + " " + data.content().toString(StandardCharsets.UTF_8));
      }
      if (data.isLast()) {
        events.add("fin " + type);
      }
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    events.add("closed");
  }

  /** The next thing that came. */
  String next() throws InterruptedException {
    String event = events.poll(5, TimeUnit.SECONDS);
    return event == null ? "nothing" : event;
  }

  /** What came and was not asked for yet. */
  String pending() {
    return String.join(", ", events);
  }

  /** Reads on to the data stream's opening. */
  FakePod opened() throws InterruptedException {
    String event = next();
    while (!event.startsWith("open data")) {
      if (event.equals("nothing") || event.equals("closed")) {
        throw new AssertionError("no data stream was opened: " + event);
      }
      event = next();
    }
    return this;
  }

  void reply(int streamId) {
    channel.writeAndFlush(new DefaultSpdySynReplyFrame(streamId));
  }

  void replyBoth() {
    reply(errorId);
    reply(dataId);
  }

  void send(String text) {
    send(dataId, text.getBytes(StandardCharsets.UTF_8), false);
  }

  void send(byte[] bytes) {
    send(dataId, bytes, false);
  }

  void finData() {
    send(dataId, new byte[0], true);
  }

  void finError() {
    send(errorId, new byte[0], true);
  }

  /** As kubelets end a connection that went well. */
  void finBoth() {
    finError();
    finData();
  }

  /** As kubelets end one that did not. */
  void fail(String text) {
    send(errorId, text.getBytes(StandardCharsets.UTF_8), false);
    finBoth();
  }

  void rstData() {
    channel.writeAndFlush(new DefaultSpdyRstStreamFrame(dataId, 3));
  }

  void drop() {
    channel.close();
  }

  void reading(boolean wanted) {
    channel.config().setAutoRead(wanted);
  }

  boolean sendable() {
    return channel.isWritable();
  }

  private void send(int streamId, byte[] bytes, boolean last) {
    DefaultSpdyDataFrame frame = new DefaultSpdyDataFrame(streamId, Unpooled.wrappedBuffer(bytes));
    frame.setLast(last);
    channel.writeAndFlush(frame);
  }
}
