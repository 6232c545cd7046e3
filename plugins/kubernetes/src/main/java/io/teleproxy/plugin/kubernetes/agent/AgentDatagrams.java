package io.teleproxy.plugin.kubernetes.agent;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.concurrent.Future;
import io.teleproxy.agent.wire.DatagramCapsules;
import io.teleproxy.agent.wire.ProxyStatus;
import io.teleproxy.agent.wire.StreamUser;
import io.teleproxy.spi.Tunnel.DatagramFlow;
import io.teleproxy.spi.Tunnel.DatagramListener;
import io.teleproxy.spi.Tunnel.DialFailure;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A UDP flow through the agent (RFC 9298). Public methods are called by any thread, one at a time;
 * all else runs on the event loop. What cannot be sent now is dropped.
 */
public final class AgentDatagrams implements DatagramFlow, StreamUser, AgentLinks.Waiter {
  /** With so many bytes under way, datagrams are dropped. */
  private static final int HIGH_WATER = 256 * 1024;

  private final EventLoop loop;
  private final AgentLinks links;
  private final InetSocketAddress to;
  private final DatagramListener listener;
  private final ArrayDeque<ByteBuf> early = new ArrayDeque<>();
  private final AtomicInteger underWay = new AtomicInteger();
  private final DatagramCapsules capsules = new DatagramCapsules(this::received);
  private @Nullable AgentLink link;
  private @Nullable Http2Stream stream;
  private @Nullable Future<?> deadline;
  private boolean opened;
  private boolean over;

  private AgentDatagrams(
      EventLoop loop, AgentLinks links, InetSocketAddress to, DatagramListener listener) {
    this.loop = loop;
    this.links = links;
    this.to = to;
    this.listener = listener;
  }

  /** Opens a flow; while the connections are being built up again it waits, for so long at most. */
  public static DatagramFlow open(
      EventLoop loop,
      AgentLinks links,
      InetSocketAddress to,
      DatagramListener listener,
      long timeoutMillis) {
    AgentDatagrams flow = new AgentDatagrams(loop, links, to, listener);
    loop.execute(() -> flow.start(timeoutMillis));
    return flow;
  }

  private void start(long timeoutMillis) {
    if (over) {
      return;
    }
    deadline =
        loop.schedule(
            () -> fail(DialFailure.Kind.TIMED_OUT, "the agent is out of reach"),
            timeoutMillis,
            TimeUnit.MILLISECONDS);
    lookAgain();
  }

  @Override
  public void lookAgain() {
    if (over || stream != null) {
      return;
    }
    for (AgentLink best = links.pick(); best != null; best = links.pick()) {
      Http2Stream made = best.openDatagrams(to, this);
      if (made != null) {
        link = best;
        stream = made;
        for (ByteBuf capsule = early.poll(); capsule != null; capsule = early.poll()) {
          write(capsule);
        }
        return;
      }
    }
    if (links.state() == AgentLinks.State.NONE) {
      fail(DialFailure.Kind.GENERAL, "UDP takes an agent in the cluster, and there is none");
    } else {
      links.await(this);
    }
  }

  // --- the caller's side

  @Override
  public void send(ByteBuffer datagram) {
    if (underWay.get() > HIGH_WATER || datagram.remaining() > DatagramCapsules.MAX_PAYLOAD) {
      datagram.position(datagram.limit());
      return;
    }
    ByteBuf capsule =
        DatagramCapsules.capsule(ByteBufAllocator.DEFAULT, Unpooled.wrappedBuffer(datagram));
    datagram.position(datagram.limit());
    underWay.addAndGet(capsule.readableBytes());
    run(
        () -> {
          if (over) {
            capsule.release();
          } else if (stream == null) {
            early.add(capsule);
          } else {
            write(capsule);
          }
        });
  }

  @Override
  public void close() {
    run(
        () -> {
          if (!over) {
            end();
            if (link != null && stream != null) {
              link.abort(stream);
            }
          }
        });
  }

  private void write(ByteBuf capsule) {
    if (link != null && stream != null) {
      int length = capsule.readableBytes();
      link.data(stream, capsule, false).addListener(sent -> underWay.addAndGet(-length));
    }
  }

  // --- the stream's side

  @Override
  public void headers(Http2Headers headers, boolean end) {
    if (over || opened) {
      return;
    }
    CharSequence status = headers.status();
    if (status != null && status.length() == 3 && status.charAt(0) == '2') {
      opened = true;
      cancelDeadline();
      listener.opened();
    } else {
      if (link != null && stream != null) {
        link.reset(stream, Http2Error.NO_ERROR);
      }
      DialFailure failure = AgentStream.failure(ProxyStatus.of(headers));
      fail(failure.kind(), failure.detail());
    }
  }

  @Override
  public int data(ByteBuf data, boolean end) {
    int length = data.readableBytes();
    if (!over) {
      capsules.read(data);
      if (end) {
        lost("the far end has ended the flow");
      }
    }
    return length;
  }

  private void received(ByteBuf payload) {
    if (!over) {
      listener.received(payload.nioBuffer());
    }
  }

  @Override
  public void reset(long code) {
    lost("the destination refused (ICMP port unreachable)");
  }

  @Override
  public void lost(String reason) {
    if (over) {
      return;
    }
    if (opened) {
      end();
      listener.closed(reason);
    } else {
      fail(DialFailure.Kind.GENERAL, reason);
    }
  }

  private void fail(DialFailure.Kind kind, String detail) {
    if (!over) {
      end();
      listener.failed(new DialFailure(kind, detail));
    }
  }

  private void end() {
    over = true;
    cancelDeadline();
    links.cancel(this);
    capsules.close();
    for (ByteBuf capsule = early.poll(); capsule != null; capsule = early.poll()) {
      capsule.release();
    }
  }

  private void cancelDeadline() {
    if (deadline != null) {
      deadline.cancel(false);
      deadline = null;
    }
  }

  private void run(Runnable task) {
    if (loop.inEventLoop()) {
      task.run();
    } else if (!loop.isShuttingDown()) {
      loop.execute(task);
    }
  }
}
