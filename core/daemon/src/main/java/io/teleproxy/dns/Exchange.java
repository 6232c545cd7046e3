package io.teleproxy.dns;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One query on its way through the nameservers. Each has the whole timeout to answer, but where
 * there are several, the next is asked as well after a second: nobody waits for a dead nameserver
 * as long as the C library would let him. The first answer wins; SERVFAIL, REFUSED and NOTIMP win
 * only if there is no better one. Confined to its event loop.
 */
final class Exchange {
  private static final long IMPATIENT_MILLIS = 1000;
  private static final long TRANSFER_IDLE_MILLIS = 10_000;

  private static final int SERVFAIL = 2;
  private static final int NOTIMP = 4;
  private static final int REFUSED = 5;
  private static final int IXFR = 251;
  private static final int AXFR = 252;

  final EventLoop loop;
  final byte[] request;
  final int questionLength;

  private final Relay relay;
  private final Upstreams upstreams;
  private final InetSocketAddress[] order;
  private final boolean tcp;
  private final Relay.Waiting waiting;
  private final List<Attempt> open = new ArrayList<>(1);
  private final int steps;
  private int step;
  private boolean transferring;
  private boolean ended;
  private @Nullable ByteBuf secondBest;
  private @Nullable ScheduledFuture<?> timer;

  Exchange(
      Relay relay,
      EventLoop loop,
      Upstreams upstreams,
      InetSocketAddress[] order,
      byte[] request,
      boolean tcp,
      Relay.Waiting waiting) {
    this.relay = relay;
    this.loop = loop;
    this.upstreams = upstreams;
    this.order = order;
    this.request = request;
    this.tcp = tcp;
    this.waiting = waiting;
    this.steps = order.length * upstreams.options().attempts();
    this.questionLength = Wire.questionLength(request);
  }

  Relay relay() {
    return relay;
  }

  boolean isTransferring() {
    return transferring;
  }

  void begin() {
    next();
  }

  /** Asks the next nameserver, if there is one left. */
  private void next() {
    cancelTimer();
    InetSocketAddress server = order[step % order.length];
    step++;
    long timeout = upstreams.options().timeout().toMillis();
    boolean last = step == steps;
    long patience = order.length > 1 && !last ? Math.min(IMPATIENT_MILLIS, timeout) : timeout;
    timer = loop.schedule(() -> waitedFor(server, last), patience, TimeUnit.MILLISECONDS);
    Attempt attempt = tcp ? new TcpAttempt(this, server) : new UdpAttempt(this, server);
    open.add(attempt);
    attempt.begin();
  }

  private void waitedFor(InetSocketAddress server, boolean last) {
    upstreams.silent(server);
    if (last) {
      end();
    } else {
      next();
    }
  }

  /** An attempt came to nothing: the nameserver is not there. */
  void refused(Attempt attempt) {
    if (!ended) {
      if (transferring) {
        end();
        return;
      }
      upstreams.silent(attempt.server());
      dropped(attempt);
    }
  }

  private void dropped(Attempt attempt) {
    open.remove(attempt);
    attempt.close();
    if (step < steps) {
      next();
    } else if (open.isEmpty()) {
      end();
    }
  }

  /** A nameserver answered this exchange's question; takes the answer over. */
  void answered(Attempt attempt, ByteBuf answer) {
    if (ended) {
      answer.release();
      return;
    }
    upstreams.answered(attempt.server());
    answer.setShort(answer.readerIndex(), Wire.id(request));
    int rcode = answer.getUnsignedShort(answer.readerIndex() + 2) & QueryReader.RCODE_MASK;
    boolean evasive = rcode == SERVFAIL || rcode == REFUSED || rcode == NOTIMP;
    if (evasive && order.length > 1 && !transferring) {
      if (secondBest == null) {
        secondBest = answer;
      } else {
        answer.release();
      }
      dropped(attempt);
      return;
    }
    if (tcp && isTransfer()) {
      transferring = true;
      cancelTimer();
      timer = loop.schedule(this::end, TRANSFER_IDLE_MILLIS, TimeUnit.MILLISECONDS);
      waiting.answered(answer);
      return;
    }
    finish();
    if (secondBest != null) {
      secondBest.release();
      secondBest = null;
    }
    waiting.answered(answer);
  }

  /** Nobody is left to ask. */
  private void end() {
    if (ended) {
      return;
    }
    finish();
    ByteBuf answer = secondBest;
    secondBest = null;
    if (answer != null) {
      waiting.answered(answer);
    } else if (!transferring) {
      waiting.failed();
    }
  }

  private void finish() {
    ended = true;
    cancelTimer();
    for (Attempt attempt : open) {
      attempt.close();
    }
    open.clear();
    relay.ended();
  }

  private void cancelTimer() {
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }

  private boolean isTransfer() {
    if (questionLength < 5) {
      return false;
    }
    int type = Wire.u16(request, QueryReader.HEADER + questionLength - 4);
    return type == AXFR || type == IXFR;
  }
}
