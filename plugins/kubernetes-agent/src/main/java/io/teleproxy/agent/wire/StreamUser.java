package io.teleproxy.agent.wire;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Headers;

/** What an end of a {@link TunnelConnection} does with one stream. Called on the event loop. */
public interface StreamUser {
  /** The other end's answer; on the accepting end never called, since the request made the user. */
  void headers(Http2Headers headers, boolean end);

  /**
   * Bytes came in. What is not taken now occupies the stream's window until {@link
   * TunnelConnection#consumed}, and so holds the sender back.
   *
   * @param data valid during the call unless retained
   * @param end whether the other end will send no more
   * @return how many bytes are done with, from none to all
   */
  int data(ByteBuf data, boolean end);

  /** The other end has aborted the stream; it is gone. */
  void reset(long code);

  /** The connection has ended, and the stream with it. */
  void lost(String reason);
}
