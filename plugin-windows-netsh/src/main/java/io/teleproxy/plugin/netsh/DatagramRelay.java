package io.teleproxy.plugin.netsh;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the port proxy does for TCP, for UDP: listens on addresses of the machine, and sends what
 * comes to ports of 127.0.0.1, from a socket for each program that asks; answers go back from the
 * address that was asked. One thread of its own; {@code set} and {@code close} are for one other.
 */
final class DatagramRelay implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DatagramRelay.class);

  private static final int LARGEST = 65_535;

  /** Beyond, the one that was silent for the longest time goes. */
  private static final int MOST_FLOWS = 4096;

  private static final long IDLE_NANOS = Duration.ofMinutes(3).toNanos();

  /** An address that was just added may not be usable at once. */
  private static final int BIND_ATTEMPTS = 50;

  private static final long BIND_PAUSE_MILLIS = 100;

  private static final long JOIN_MILLIS = 5000;

  private final Selector selector;
  private final Map<InetSocketAddress, Door> doors = new HashMap<>();
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();

  /** Of the relay's thread alone, least recently used first. */
  private final Map<Ends, Flow> flows = new LinkedHashMap<>(64, 0.75f, true);

  private final ByteBuffer buffer = ByteBuffer.allocateDirect(LARGEST);
  private @Nullable Thread thread;
  private volatile boolean closed;

  /** Where programs ask. */
  private static final class Door {
    final DatagramChannel channel;
    final InetSocketAddress address;

    /** Of 127.0.0.1. */
    volatile int port;

    Door(DatagramChannel channel, InetSocketAddress address, int port) {
      this.channel = channel;
      this.address = address;
      this.port = port;
    }
  }

  /** The ends of one program's conversation through one door. */
  private record Ends(InetSocketAddress client, InetSocketAddress door) {}

  private static final class Flow {
    final Ends ends;
    final DatagramChannel door;
    final DatagramChannel channel;

    /** Where it leads to, which is where its door led to when it began. */
    final int port;

    long used = System.nanoTime();

    Flow(Ends ends, Door door, DatagramChannel channel, int port) {
      this.ends = ends;
      this.door = door.channel;
      this.channel = channel;
      this.port = port;
    }
  }

  DatagramRelay() throws IOException {
    selector = Selector.open();
  }

  /**
   * Makes these the addresses listened on, each with the port of 127.0.0.1 that it leads to.
   *
   * @throws IOException naming the first that cannot be listened on; those before it are
   */
  void set(Map<InetSocketAddress, Integer> wanted) throws IOException {
    for (Door door : List.copyOf(doors.values())) {
      if (!wanted.containsKey(door.address)) {
        doors.remove(door.address);
        perform(() -> close(door.channel));
      }
    }
    for (Map.Entry<InetSocketAddress, Integer> entry : wanted.entrySet()) {
      Door known = doors.get(entry.getKey());
      if (known != null) {
        known.port = entry.getValue();
      } else {
        Door door = new Door(bound(entry.getKey()), entry.getKey(), entry.getValue());
        doors.put(door.address, door);
        perform(() -> register(door.channel, door));
      }
    }
    if (thread == null && !doors.isEmpty()) {
      thread = new Thread(this::run, "windows-netsh-datagrams");
      thread.setDaemon(true);
      thread.start();
    }
  }

  private DatagramChannel bound(InetSocketAddress address) throws IOException {
    for (int attempt = 1; ; attempt++) {
      DatagramChannel channel = DatagramChannel.open();
      try {
        channel.configureBlocking(false);
        return channel.bind(address);
      } catch (BindException e) {
        channel.close();
        if (attempt == BIND_ATTEMPTS || String.valueOf(e.getMessage()).contains("in use")) {
          throw new IOException("UDP " + address + " cannot be listened on: " + e.getMessage(), e);
        }
        pause();
      }
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(BIND_PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private void perform(Runnable task) {
    tasks.add(task);
    selector.wakeup();
  }

  private void run() {
    try {
      while (!closed) {
        selector.select(1000);
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
          task.run();
        }
        for (SelectionKey key : selector.selectedKeys()) {
          if (key.isValid() && key.attachment() instanceof Door door) {
            ask(door);
          } else if (key.isValid() && key.attachment() instanceof Flow flow) {
            answer(flow);
          }
        }
        selector.selectedKeys().clear();
        endIdle();
      }
    } catch (IOException | ClosedSelectorException e) {
      if (!closed) {
        log.error("windows-netsh: datagrams are not carried any more", e);
      }
    }
  }

  private void ask(Door door) {
    try {
      buffer.clear();
      if (door.channel.receive(buffer) instanceof InetSocketAddress client) {
        Flow flow = flow(client, door);
        flow.used = System.nanoTime();
        flow.channel.write(buffer.flip());
      }
    } catch (IOException e) {
      // Windows tells here, too, that an earlier answer was refused. Datagrams are lost sometimes.
      log.debug("windows-netsh: {}: {}", door.address, e.getMessage());
    }
  }

  private void answer(Flow flow) {
    try {
      buffer.clear();
      if (flow.channel.read(buffer) >= 0) {
        flow.used = System.nanoTime();
        // Moves it to the end of the order of use.
        flows.get(flow.ends);
        flow.door.send(buffer.flip(), flow.ends.client());
      }
    } catch (IOException e) {
      log.debug("windows-netsh: {}: {}", flow.ends, e.getMessage());
      end(flow);
    }
  }

  private Flow flow(InetSocketAddress client, Door door) throws IOException {
    Ends ends = new Ends(client, door.address);
    int port = door.port;
    Flow known = flows.get(ends);
    if (known != null && known.port == port && known.door.isOpen()) {
      return known;
    }
    if (known != null) {
      end(known);
    } else if (flows.size() >= MOST_FLOWS) {
      end(flows.values().iterator().next());
    }
    DatagramChannel channel = DatagramChannel.open();
    channel.connect(
        new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port));
    channel.configureBlocking(false);
    Flow flow = new Flow(ends, door, channel, port);
    register(channel, flow);
    flows.put(ends, flow);
    return flow;
  }

  private void register(DatagramChannel channel, Object what) {
    try {
      channel.register(selector, SelectionKey.OP_READ, what);
    } catch (IOException e) {
      log.debug("windows-netsh: {}: {}", what, e.getMessage());
    }
  }

  private void endIdle() {
    long now = System.nanoTime();
    for (Flow oldest = oldest(); oldest != null; oldest = oldest()) {
      if (now - oldest.used < IDLE_NANOS) {
        return;
      }
      end(oldest);
    }
  }

  private @Nullable Flow oldest() {
    return flows.isEmpty() ? null : flows.values().iterator().next();
  }

  private void end(Flow flow) {
    flows.remove(flow.ends);
    close(flow.channel);
  }

  private static void close(DatagramChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      log.debug("windows-netsh: {}", e.getMessage());
    }
  }

  @Override
  public void close() {
    closed = true;
    selector.wakeup();
    try {
      if (thread != null) {
        thread.join(JOIN_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    doors.values().forEach(door -> close(door.channel));
    doors.clear();
    if (selector.isOpen()) {
      List.copyOf(selector.keys()).forEach(key -> close((DatagramChannel) key.channel()));
    }
    try {
      // What was registered is really closed with it.
      selector.close();
    } catch (IOException e) {
      log.debug("windows-netsh: {}", e.getMessage());
    }
  }
}
