package io.teleproxy.agent.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import org.jspecify.annotations.Nullable;

/** Hands the frames of a connection to the users of its streams. */
final class TunnelFrames extends Http2FrameAdapter {
  private final TunnelConnection connection;

  TunnelFrames(TunnelConnection connection) {
    this.connection = connection;
  }

  @Override
  public void onHeadersRead(
      ChannelHandlerContext ctx, int streamId, Http2Headers headers, int padding, boolean end) {
    Http2Stream stream = connection.connection().stream(streamId);
    if (stream == null) {
      return;
    }
    StreamUser user = connection.user(streamId);
    if (user != null) {
      user.headers(headers, end);
    } else if (!connection.connection().local().isValidStreamId(streamId)) {
      connection.opened(stream, headers, end);
    }
  }

  @Override
  public void onHeadersRead(
      ChannelHandlerContext ctx,
      int streamId,
      Http2Headers headers,
      int streamDependency,
      short weight,
      boolean exclusive,
      int padding,
      boolean end) {
    onHeadersRead(ctx, streamId, headers, padding, end);
  }

  @Override
  public int onDataRead(
      ChannelHandlerContext ctx, int streamId, ByteBuf data, int padding, boolean end)
      throws Http2Exception {
    int length = data.readableBytes();
    @Nullable StreamUser user = connection.user(streamId);
    int taken = user == null ? length : user.data(data, end);
    Http2Stream stream = connection.connection().stream(streamId);
    if (stream == null) {
      return length + padding;
    }
    if (user != null) {
      connection.consumed(stream, taken);
      return padding;
    }
    return length + padding;
  }

  @Override
  public void onRstStreamRead(ChannelHandlerContext ctx, int streamId, long code) {
    StreamUser user = connection.user(streamId);
    Http2Stream stream = connection.connection().stream(streamId);
    if (user != null && stream != null) {
      connection.user(stream, null);
      user.reset(code);
    }
  }

  @Override
  public void onGoAwayRead(
      ChannelHandlerContext ctx, int lastStreamId, long code, ByteBuf debugData) {
    if (code != Http2Error.NO_ERROR.code()) {
      connection.lossReason("the other end gave up the connection, HTTP/2 error " + code);
    }
    connection.goingAway(lastStreamId);
  }

  @Override
  public void onSettingsRead(ChannelHandlerContext ctx, Http2Settings settings) {
    connection.settled(settings);
  }

  @Override
  public void onPingAckRead(ChannelHandlerContext ctx, long data) {
    connection.ponged();
  }
}
