package io.teleproxy.plugin.ssh.link;

import static org.awaitility.Awaitility.await;

import io.teleproxy.spi.Tunnel;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** Writes down what it is told. */
final class RecordingListener implements Tunnel.Listener {
  final List<String> events = new CopyOnWriteArrayList<>();
  final AtomicLong bytes = new AtomicLong();
  private final ByteArrayOutputStream content = new ByteArrayOutputStream();
  volatile Tunnel.DialFailure failure;

  @Override
  public void opened() {
    events.add("opened");
  }

  @Override
  public void failed(Tunnel.DialFailure told) {
    failure = told;
    events.add("failed " + told.kind());
  }

  @Override
  public void received(ByteBuffer data) {
    byte[] copy = new byte[data.remaining()];
    data.get(copy);
    if (bytes.addAndGet(copy.length) < 1 << 20) {
      content.writeBytes(copy);
    }
  }

  @Override
  public void inputShutdown() {
    events.add("end");
  }

  @Override
  public void reset(String reason) {
    events.add("reset");
  }

  @Override
  public void writable() {
    events.add("writable");
  }

  String content() {
    return content.toString(StandardCharsets.UTF_8);
  }

  void await1(String event) {
    await(event + " of " + events)
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(10))
        .until(() -> events.contains(event));
  }
}
