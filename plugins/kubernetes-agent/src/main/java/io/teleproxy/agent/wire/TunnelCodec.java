package io.teleproxy.agent.wire;

import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2ConnectionDecoder;
import io.netty.handler.codec.http2.DefaultHttp2ConnectionEncoder;
import io.netty.handler.codec.http2.DefaultHttp2FrameReader;
import io.netty.handler.codec.http2.DefaultHttp2FrameWriter;
import io.netty.handler.codec.http2.DefaultHttp2LocalFlowController;
import io.netty.handler.codec.http2.DefaultHttp2RemoteFlowController;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.UniformStreamByteDistributor;

/** How HTTP/2 is spoken by both ends: frames, turns and settings, and who keeps the windows. */
record TunnelCodec(
    Http2Connection connection, Http2ConnectionDecoder decoder, Http2ConnectionEncoder encoder) {
  /** What one stream sends before it is another's turn, and a reader must hold together. */
  private static final int MAX_FRAME = 32 * 1024;

  /** Of headers, all together: a host name and a few words. */
  private static final int MAX_HEADERS = 8 * 1024;

  /** A setting of ours (RFC 9113 §6.5.2: others ignore it): which process of the agent this is. */
  private static final char INSTANCE = 0xf5a0;

  static TunnelCodec of(boolean accepting) {
    Http2Connection connection = new DefaultHttp2Connection(accepting);
    connection
        .local()
        .flowController(
            new DefaultHttp2LocalFlowController(
                connection, DefaultHttp2LocalFlowController.DEFAULT_WINDOW_UPDATE_RATIO, true));
    UniformStreamByteDistributor turns = new UniformStreamByteDistributor(connection);
    turns.minAllocationChunk(MAX_FRAME);
    connection.remote().flowController(new DefaultHttp2RemoteFlowController(connection, turns));
    Http2ConnectionEncoder encoder =
        new DefaultHttp2ConnectionEncoder(connection, new DefaultHttp2FrameWriter());
    Http2ConnectionDecoder decoder =
        new DefaultHttp2ConnectionDecoder(connection, encoder, new DefaultHttp2FrameReader());
    return new TunnelCodec(connection, decoder, encoder);
  }

  Http2Settings settings(long instance) {
    Http2Settings settings =
        new Http2Settings()
            .initialWindowSize(ReceiveWindows.FIRST)
            .maxFrameSize(MAX_FRAME)
            .maxHeaderListSize(MAX_HEADERS);
    if (instance != 0) {
      settings.put(INSTANCE, Long.valueOf(instance));
    }
    return connection.isServer()
        ? settings.connectProtocolEnabled(true)
        : settings.pushEnabled(false);
  }

  /** Which process the other end has said to be; 0 if it has not. */
  static long instance(Http2Settings settings) {
    Long instance = settings.get(INSTANCE);
    return instance == null ? 0 : instance;
  }
}
