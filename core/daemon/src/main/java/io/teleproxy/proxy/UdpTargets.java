package io.teleproxy.proxy;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.teleproxy.net.Transport;
import java.util.ArrayList;
import java.util.HashSet;
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

  /** Asked already, but not waited for. */
  private final Set<Integer> expected = new HashSet<>();

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

  /** Asks proxies that are going to be wanted; waits for nothing. */
  public synchronized void expect(Set<Integer> ports) {
    for (int port : ports) {
      if (!closed && !targets.containsKey(port)) {
        open(port);
        expected.add(port);
      }
    }
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
    List<UdpTarget> awaited = new ArrayList<>();
    for (int port : ports) {
      UdpTarget known = targets.get(port);
      if (known == null) {
        awaited.add(open(port));
      } else if (expected.contains(port)) {
        awaited.add(known);
      }
    }
    expected.clear();
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(FIRST_ANSWER_MILLIS);
    awaited.forEach(target -> target.awaitFirst(deadline - System.nanoTime()));
  }

  private UdpTarget open(int port) {
    UdpTarget target = new UdpTarget(loop, transport, port, ownTarget.test(port), changed);
    targets.put(port, target);
    target.open();
    return target;
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
