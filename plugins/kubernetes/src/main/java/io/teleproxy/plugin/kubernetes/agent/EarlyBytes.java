package io.teleproxy.plugin.kubernetes.agent;

import io.netty.buffer.ByteBuf;
import io.teleproxy.plugin.kubernetes.portforward.Carrier;
import java.util.ArrayDeque;
import java.util.function.IntConsumer;

/**
 * What a program has written before its connection was accepted, kept for another attempt. Confined
 * to the event loop.
 */
final class EarlyBytes {
  private record Written(ByteBuf bytes, IntConsumer sent) {}

  private final ArrayDeque<Written> all = new ArrayDeque<>(2);

  boolean isEmpty() {
    return all.isEmpty();
  }

  /**
   * Keeps them.
   *
   * @param bytes ours to release
   * @param sent told their number when they are not kept any more
   */
  void add(ByteBuf bytes, IntConsumer sent) {
    all.add(new Written(bytes, sent));
  }

  /** Writes all of them again. */
  void repeat(Carrier carrier) {
    for (Written each : all) {
      carrier.write(each.bytes.retainedDuplicate(), length -> {});
    }
  }

  /** No other attempt will be made. */
  void release() {
    for (Written each = all.poll(); each != null; each = all.poll()) {
      int length = each.bytes.readableBytes() - Carrier.HEADROOM;
      each.bytes.release();
      each.sent.accept(length);
    }
  }
}
