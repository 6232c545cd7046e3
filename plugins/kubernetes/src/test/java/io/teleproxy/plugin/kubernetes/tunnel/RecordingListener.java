package io.teleproxy.plugin.kubernetes.tunnel;

import io.teleproxy.spi.Tunnel;
import io.teleproxy.spi.Tunnel.DialFailure;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Hears what happens to a connection, as lines. */
final class RecordingListener implements Tunnel.Listener {
  private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
  final AtomicLong received = new AtomicLong();

  /** The next thing that happened. */
  String next() throws InterruptedException {
    String event = events.poll(5, TimeUnit.SECONDS);
    return event == null ? "nothing" : event;
  }

  String pending() {
    return String.join(", ", events);
  }

  @Override
  public void opened() {
    events.add("opened");
  }

  @Override
  public void failed(DialFailure failure) {
    events.add("failed " + failure.kind() + " " + failure.detail());
  }

  @Override
  public void received(ByteBuffer data) {
    received.addAndGet(data.remaining());
    if (data.remaining() < 1000) {
      events.add("received " + StandardCharsets.UTF_8.decode(data));
    }
  }

  @Override
  public void inputShutdown() {
    events.add("inputShutdown");
  }

  @Override
  public void reset(String reason) {
    events.add("reset " + reason);
  }

  @Override
  public void writable() {
    events.add("writable");
  }
}
