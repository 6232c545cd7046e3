package io.teleproxy.plugin.kubernetes.agent;

import io.netty.buffer.ByteBuf;
import io.teleproxy.plugin.kubernetes.portforward.Carrier;
import io.teleproxy.spi.Tunnel.DialFailure;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A TCP connection through the agent, whichever of the {@link AgentLinks} carries it. While there
 * is no answer, and the link on which it was asked for has fallen silent or broken, it is asked for
 * again over another one, first bytes included. All attempts have the same number, and the agent
 * carries out only the one that arrives first: nothing is ever sent twice. Confined to the event
 * loop.
 */
final class AgentDial implements Carrier, AgentLinks.Waiter {
  private final AgentLinks links;
  private final InetSocketAddress to;
  private final Events events;
  private final long number;
  private final List<Attempt> attempts = new ArrayList<>(1);
  private final EarlyBytes early = new EarlyBytes();
  private @Nullable Carrier chosen;
  private String lastLoss = "";
  private long instance;
  private int asked;
  private boolean waiting;
  private boolean reading = true;
  private boolean finished;
  private boolean over;

  AgentDial(AgentLinks links, InetSocketAddress to, Events events) {
    this.links = links;
    this.to = to;
    this.events = events;
    this.number = ThreadLocalRandom.current().nextLong() | 1;
  }

  /** Whether there was a link to start on. */
  boolean started() {
    return ask();
  }

  /** Asks over the best link, unless it was asked over that one already. */
  private boolean ask() {
    for (AgentLink link = links.pick(); link != null; link = links.pick()) {
      if (isAskedOver(link) || (!early.isEmpty() && !isSameAgent(link))) {
        return false;
      }
      Attempt attempt = new Attempt(link);
      Carrier carrier = link.open(to, number, attempt);
      if (carrier != null) {
        instance = link.instance();
        attempt.carrier = carrier;
        attempts.add(attempt);
        asked++;
        prepare(carrier);
        return true;
      }
    }
    return false;
  }

  private boolean isAskedOver(AgentLink link) {
    return attempts.stream().anyMatch(attempt -> attempt.link == link);
  }

  /** Another process of the agent does not know what this one was asked for. */
  private boolean isSameAgent(AgentLink link) {
    return instance == 0 || (instance == link.instance());
  }

  private void prepare(Carrier carrier) {
    early.repeat(carrier);
    if (finished) {
      carrier.finish();
    }
    if (!reading) {
      carrier.reading(false);
    }
  }

  /** None of the attempts is likely to be answered soon. */
  private void askAgain() {
    if (over || chosen != null || waiting) {
      return;
    }
    if (attempts.stream().anyMatch(attempt -> attempt.link.usable()) || ask()) {
      return;
    }
    AgentLink best = links.pick();
    boolean otherAgent = best != null && !isSameAgent(best);
    if (links.state() != AgentLinks.State.NONE && !otherAgent) {
      waiting = true;
      links.await(this);
    } else if (attempts.isEmpty()) {
      giveUp();
    }
  }

  @Override
  public void lookAgain() {
    waiting = false;
    askAgain();
  }

  /** What was written may have arrived, and must not arrive twice: then nobody may try again. */
  private void giveUp() {
    boolean wrote = !early.isEmpty();
    end();
    if (wrote) {
      events.refused(
          new DialFailure(
              DialFailure.Kind.GENERAL, AgentStream.ALREADY_ASKED.detail() + ": " + lastLoss));
    } else {
      events.lost(lastLoss);
    }
  }

  private void end() {
    over = true;
    settle();
    List<Attempt> left = List.copyOf(attempts);
    attempts.clear();
    left.forEach(Attempt::abort);
  }

  /** From now on nothing is asked for again. */
  private void settle() {
    if (waiting) {
      waiting = false;
      links.cancel(this);
    }
    early.release();
  }

  // --- the flow's side

  @Override
  public void write(ByteBuf bytes, IntConsumer sent) {
    if (chosen != null) {
      chosen.write(bytes, sent);
    } else if (over) {
      int length = bytes.readableBytes() - HEADROOM;
      bytes.release();
      sent.accept(length);
    } else {
      early.add(bytes, sent);
      for (Attempt attempt : attempts) {
        attempt.write(bytes.retainedDuplicate());
      }
    }
  }

  @Override
  public void finish() {
    finished = true;
    if (chosen != null) {
      chosen.finish();
    } else {
      attempts.forEach(Attempt::finish);
    }
  }

  @Override
  public void reading(boolean wanted) {
    reading = wanted;
    if (chosen != null) {
      chosen.reading(wanted);
    } else {
      attempts.forEach(attempt -> attempt.reading(wanted));
    }
  }

  @Override
  public void abort() {
    if (chosen != null) {
      over = true;
      chosen.abort();
    } else if (!over) {
      end();
    }
  }

  /** One of the streams over which the connection was asked for. */
  private final class Attempt implements AgentStream.Hearer {
    private final AgentLink link;
    private @Nullable Carrier carrier;

    Attempt(AgentLink link) {
      this.link = link;
    }

    void write(ByteBuf bytes) {
      if (carrier == null) {
        bytes.release();
      } else {
        carrier.write(bytes, length -> {});
      }
    }

    void finish() {
      if (carrier != null) {
        carrier.finish();
      }
    }

    void reading(boolean wanted) {
      if (carrier != null) {
        carrier.reading(wanted);
      }
    }

    void abort() {
      if (carrier != null) {
        carrier.abort();
      }
    }

    @Override
    public void accepted() {
      if (over || chosen != null) {
        return;
      }
      chosen = carrier;
      settle();
      for (Attempt attempt : attempts) {
        if (attempt != this) {
          attempt.abort();
        }
      }
      attempts.clear();
      events.accepted();
    }

    @Override
    public void received(ByteBuf bytes) {
      events.received(bytes);
    }

    @Override
    public void inputFinished() {
      events.inputFinished();
    }

    @Override
    public void farEndClosed() {
      over = true;
      events.farEndClosed();
    }

    @Override
    public void refused(DialFailure why) {
      if (over) {
        return;
      }
      attempts.remove(this);
      if (why.equals(AgentStream.ALREADY_ASKED) && !attempts.isEmpty()) {
        // Another one has arrived, and its answer is on the way.
        return;
      }
      end();
      events.refused(why);
    }

    @Override
    public void lost(String reason) {
      if (over) {
        return;
      }
      if (chosen != null) {
        over = true;
        events.lost(reason);
        return;
      }
      lastLoss = reason;
      attempts.remove(this);
      if (attempts.isEmpty() && (link.usable() || (asked == 1 && link.declines()))) {
        // REFUSED_STREAM (RFC 9113 §8.7): nothing was done, and who is above us may try later.
        end();
        events.lost(reason);
      } else {
        askAgain();
      }
    }

    @Override
    public void suspected() {
      askAgain();
    }
  }
}
