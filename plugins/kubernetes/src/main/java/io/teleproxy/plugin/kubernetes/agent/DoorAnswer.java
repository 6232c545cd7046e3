package io.teleproxy.plugin.kubernetes.agent;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Headers;
import io.teleproxy.agent.wire.DoorRequest;
import io.teleproxy.agent.wire.StreamUser;
import java.util.function.IntConsumer;

/** Hears what the agent says about its door; the first that is heard is the answer. */
final class DoorAnswer implements StreamUser {
  private final IntConsumer answer;
  private boolean told;

  DoorAnswer(IntConsumer answer) {
    this.answer = answer;
  }

  private void tell(int port) {
    if (!told) {
      told = true;
      answer.accept(port);
    }
  }

  @Override
  public void headers(Http2Headers headers, boolean end) {
    tell(DoorRequest.port(headers));
  }

  @Override
  public int data(ByteBuf data, boolean end) {
    return data.readableBytes();
  }

  @Override
  public void reset(long code) {
    tell(0);
  }

  @Override
  public void lost(String reason) {
    tell(0);
  }
}
