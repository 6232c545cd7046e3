package io.teleproxy.proxy;

import io.netty.util.NetUtil;
import io.teleproxy.socks.Relay;
import io.teleproxy.spi.Protocol;
import io.teleproxy.tables.AskedNames;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The live flows, the last that ended, and the counters. Any thread. */
final class Flows {
  /** What it says of a flow begins with its number, as what {@code SocksServer} says of it does. */
  private static final Logger log = LoggerFactory.getLogger(TransparentProxy.class);

  /** How many of the ended are remembered. */
  private static final int REMEMBERED = 256;

  private final Map<Long, LiveFlow> live = new ConcurrentHashMap<>();

  /** How many flows by destination and target have not received a byte. */
  private final Map<Silence, Integer> silent = new ConcurrentHashMap<>();

  private record Silence(InetSocketAddress destination, int target) {}

  private final AskedNames asked;
  private final Deque<Flow.Ended> ended = new ArrayDeque<>();
  private final AtomicLong ids = new AtomicLong();
  final LongAdder accepted = new LongAdder();
  final LongAdder dropped = new LongAdder();
  final LongAdder rejected = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final LongAdder closed = new LongAdder();
  private final LongAdder reset = new LongAdder();
  private final LongAdder endedUp = new LongAdder();
  private final LongAdder endedDown = new LongAdder();

  Flows(AskedNames asked) {
    this.asked = asked;
  }

  /**
   * Registers a flow, which ends by {@link LiveFlow#ended}.
   *
   * @param abort resets it; may be called on any thread
   */
  LiveFlow begin(
      Protocol protocol,
      InetSocketAddress client,
      InetSocketAddress destination,
      int target,
      Runnable abort) {
    LiveFlow flow =
        new LiveFlow(
            ids.incrementAndGet(),
            protocol,
            client,
            destination,
            asked.last(destination.getAddress()),
            target,
            this,
            abort);
    live.put(flow.id, flow);
    if (log.isDebugEnabled()) {
      log.debug(
          "#{} {} {} -> {} by SOCKS5 proxy {}",
          flow.id,
          protocol.lower(),
          NetUtil.toSocketAddressString(client),
          NetUtil.toSocketAddressString(destination),
          target);
    }
    silent.merge(new Silence(destination, target), 1, Integer::sum);
    return flow;
  }

  void opened(LiveFlow flow) {
    if (log.isDebugEnabled()) {
      log.debug("#{} open", flow.id);
    }
  }

  void ended(LiveFlow flow, String reason) {
    if (live.remove(flow.id) == null) {
      return;
    }
    if (log.isDebugEnabled()) {
      log.debug("#{} ended: {} (bytes: {} up, {} down)", flow.id, reason, flow.up(), flow.down());
    }
    if (flow.state() == Flow.State.CONNECTING) {
      failed.increment();
    } else if (reason.equals(Relay.CLOSED)) {
      closed.increment();
    } else {
      reset.increment();
    }
    if (flow.down() == 0) {
      heard(flow);
    }
    endedUp.add(flow.up());
    endedDown.add(flow.down());
    Flow.Ended last = new Flow.Ended(flow.toRecord(Flow.State.ENDED), Instant.now(), reason);
    synchronized (ended) {
      ended.addLast(last);
      if (ended.size() > REMEMBERED) {
        ended.removeFirst();
      }
    }
  }

  /** How many live flows to a destination have not received a byte. */
  int silent(InetSocketAddress destination, int target) {
    return silent.getOrDefault(new Silence(destination, target), 0);
  }

  /** A flow has received its first byte, or ended without one; called once for each. */
  void heard(LiveFlow flow) {
    silent.computeIfPresent(
        new Silence(flow.destination(), flow.target),
        (key, count) -> count == 1 ? null : count - 1);
  }

  List<Flow> live() {
    List<Flow> flows = new ArrayList<>(live.size());
    for (LiveFlow flow : live.values()) {
      flows.add(flow.toRecord(flow.state()));
    }
    return flows;
  }

  /** Oldest first. */
  List<Flow.Ended> ended() {
    synchronized (ended) {
      return List.copyOf(ended);
    }
  }

  void abortAll() {
    live.values().forEach(LiveFlow::abort);
  }

  Counters counters() {
    long up = 0;
    long down = 0;
    long count = 0;
    for (LiveFlow flow : live.values()) {
      up += flow.up();
      down += flow.down();
      count++;
    }
    return new Counters(
        accepted.sum(),
        dropped.sum(),
        rejected.sum(),
        failed.sum(),
        closed.sum(),
        reset.sum(),
        count,
        endedUp.sum() + up,
        endedDown.sum() + down);
  }
}
