package io.teleproxy.plugin.kubernetes.agent;

import io.netty.buffer.ByteBuf;
import io.teleproxy.spi.Tunnel.DialFailure;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Hears what happens to a stream, as lines. */
final class RecordedStream implements AgentStream.Hearer {
  private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
  final AtomicLong received = new AtomicLong();

  String next() throws InterruptedException {
    String event = events.poll(20, TimeUnit.SECONDS);
    return event == null ? "nothing" : event;
  }

  @Override
  public void accepted() {
    events.add("accepted");
  }

  @Override
  public void received(ByteBuf bytes) {
    received.addAndGet(bytes.readableBytes());
    if (bytes.readableBytes() < 1000) {
      events.add("received " + bytes.toString(StandardCharsets.UTF_8));
    }
  }

  @Override
  public void inputFinished() {
    events.add("inputFinished");
  }

  @Override
  public void farEndClosed() {
    events.add("farEndClosed");
  }

  @Override
  public void refused(DialFailure why) {
    events.add("refused " + why.kind() + " " + why.detail());
  }

  @Override
  public void suspected() {
    events.add("suspected");
  }

  @Override
  public void lost(String reason) {
    events.add("lost " + reason);
  }
}
