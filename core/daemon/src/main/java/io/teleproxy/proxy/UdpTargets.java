package io.teleproxy.proxy;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.teleproxy.net.Transport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;

/**
 * Knows which SOCKS5 proxies carry datagrams, by holding an association with each that is used: one
 * that refuses it, or lets go of it, does not. Thus it is the same for our own proxies, those of
 * another process, and foreign ones. A proxy that does not is asked again from time to time.
 *
 * <p>Thread-safe; {@code want} blocks for a moment and is not to be called on an event loop.
 */
public final class UdpTargets implements AutoCloseable {
  /** For a proxy on this machine to answer before it counts as one without UDP. */
  private static final long FIRST_ANSWER_MILLIS = 1000;

  private final EventLoop loop;
  private final Transport transport;
  private final IntPredicate ownTarget;
  private final Runnable changed;
  private final Map<Integer, UdpTarget> targets = new ConcurrentHashMap<>();
  private boolean closed;

  /**
   * @param loops stay the caller's
   * @param ownTarget whether a local port is one of our own SOCKS5 servers
   * @param changed called after each change of what a proxy can, on an event loop
   */
  public UdpTargets(EventLoopGroup loops, IntPredicate ownTarget, Runnable changed) {
    this.loop = loops.next();
    this.transport = Transport.of(loops);
    this.ownTarget = ownTarget;
    this.changed = changed;
  }

  /** Makes these the proxies that are watched; waits for the first answer of new ones. */
  public synchronized void want(Set<Integer> ports) {
    if (closed) {
      return;
    }
    targets
        .values()
        .removeIf(
            target -> {
              boolean gone = !ports.contains(target.port());
              if (gone) {
                target.close();
              }
              return gone;
            });
    List<UdpTarget> opened = new ArrayList<>();
    for (int port : ports) {
      if (!targets.containsKey(port)) {
        UdpTarget target = new UdpTarget(loop, transport, port, ownTarget.test(port), changed);
        targets.put(port, target);
        target.open();
        opened.add(target);
      }
    }
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(FIRST_ANSWER_MILLIS);
    opened.forEach(target -> target.awaitFirst(deadline - System.nanoTime()));
  }

  public boolean carries(int port) {
    UdpTarget target = targets.get(port);
    return target != null && target.carries();
  }

  /** The watched proxies that carry no datagrams now, by port, with the reason. */
  public Map<Integer, String> without() {
    Map<Integer, String> without = new TreeMap<>();
    targets.forEach(
        (port, target) -> {
          if (!target.carries()) {
            without.put(port, target.reason());
          }
        });
    return without;
  }

  /** Asks those that carry none again now, because something has changed. */
  public void retry() {
    targets.values().forEach(UdpTarget::retry);
  }

  @Override
  public synchronized void close() {
    closed = true;
    targets.values().forEach(UdpTarget::close);
    targets.clear();
  }
}
