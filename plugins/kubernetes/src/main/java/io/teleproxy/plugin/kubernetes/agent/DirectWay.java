package io.teleproxy.plugin.kubernetes.agent;

import io.netty.channel.ChannelHandlerContext;
import io.teleproxy.agent.wire.DoorRequest;
import io.teleproxy.plugin.kubernetes.api.ApiConnector;
import io.teleproxy.plugin.kubernetes.api.ConnectFailure;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way from the API server straight to the agent's door, past the node's kubelet and container
 * runtime, which cost as much as the API server itself each: whether it is open, and connections
 * that go there. Has to be asked for over a port-forward, and may be barred: by missing rights
 * (pods/proxy), by a network policy, or because the API server does not reach pods. Confined to the
 * event loop.
 */
final class DirectWay {
  private static final Logger LOG = LoggerFactory.getLogger(DirectWay.class);
  private static final int TOKEN_BYTES = 32;

  /** After a failure the way is not tried again for so long. */
  private static final long SHUT_NANOS = TimeUnit.MINUTES.toNanos(5);

  private enum State {
    UNASKED,
    ASKED,
    OPEN,
    SHUT
  }

  private final boolean allowed;
  private final ApiConnector connector;
  private final LinkPool pool;
  private final LinkUpgrade upgrade;
  private final LinkRetry retry;
  private final Runnable changed;
  private final String token;
  private State state = State.UNASKED;
  private int port;
  private long shutSince;
  private boolean told;
  private int opening;
  private int doubts;

  /** Of agents: what another one had to say of its door does not count any more. */
  private int generation;

  /**
   * @param allowed whether to ask for it at all
   * @param pool of all connections
   * @param changed run when the way has turned out to be open or not
   */
  DirectWay(
      boolean allowed,
      ApiConnector connector,
      LinkPool pool,
      LinkUpgrade upgrade,
      LinkRetry retry,
      Runnable changed) {
    this.allowed = allowed;
    this.connector = connector;
    this.pool = pool;
    this.upgrade = upgrade;
    this.retry = retry;
    this.changed = changed;
    byte[] random = new byte[TOKEN_BYTES];
    new SecureRandom().nextBytes(random);
    token = HexFormat.of().formatHex(random);
  }

  /** Whether it is open, or may turn out to be soon. */
  boolean hopeful() {
    return state == State.OPEN || state == State.ASKED;
  }

  /** Asks whether it is open, if it is time to and somebody can be asked. */
  void ask() {
    AgentLink link = mayAsk() ? pool.throughNode() : null;
    if (link == null) {
      return;
    }
    state = State.ASKED;
    link.askForDoor(
        token,
        answer -> {
          if (state == State.ASKED) {
            port = answer;
            if (answer > 0) {
              state = State.OPEN;
            } else {
              shut("the agent does not listen there");
            }
            changed.run();
          }
        });
  }

  private boolean mayAsk() {
    return allowed
        && (state == State.UNASKED
            || (state == State.SHUT && System.nanoTime() - shutSince > SHUT_NANOS));
  }

  /**
   * Opens connections to the agent's door, if the way is open, until there are as many as are
   * wanted.
   *
   * @param sought whether connections to this pod are of use still
   */
  void openMissing(int wanted, String namespace, String pod, BooleanSupplier sought) {
    int good = opening + pool.lastingDirect();
    for (; state == State.OPEN && good < wanted; good++) {
      opening++;
      connector.proxied(
          namespace,
          pod,
          port,
          DoorRequest.PROTOCOL,
          Map.of(DoorRequest.TOKEN, token),
          new Opening(wanted, sought));
    }
  }

  private final class Opening implements ApiConnector.Result {
    private final int wanted;
    private final BooleanSupplier sought;
    private final int asked = generation;

    Opening(int wanted, BooleanSupplier sought) {
      this.wanted = wanted;
      this.sought = sought;
    }

    @Override
    public void answered(ChannelHandlerContext context, int status, String message) {
      opening--;
      if (status == 101 && sought.getAsBoolean()) {
        upgrade.start(context, List.of(), true, () -> doubted("the agent does not answer there"));
      } else {
        context.close();
        barred("HTTP " + status + " " + message);
      }
    }

    @Override
    public void failed(ConnectFailure failure) {
      opening--;
      if (failure.unanswered()) {
        doubted(failure.detail());
      } else if (sought.getAsBoolean()) {
        retry.later();
      }
    }

    /** Barred, or only one more victim of an outage? */
    private void doubted(String why) {
      if (pool.usable() > 0 && ++doubts > wanted) {
        barred(why);
      } else if (sought.getAsBoolean()) {
        retry.later();
      }
    }

    private void barred(String why) {
      if (sought.getAsBoolean() && asked == generation) {
        shut(why);
        changed.run();
      }
    }
  }

  private void shut(String why) {
    told = false;
    // Several connections are tried at once, and say the same.
    if (state != State.SHUT) {
      LOG.info("agent: [direct=no why=\"{}\"]", why);
    }
    state = State.SHUT;
    shutSince = System.nanoTime();
  }

  /** A connection goes that way, as far as the agent. */
  void works() {
    doubts = 0;
    if (!told) {
      told = true;
      LOG.info("agent: [direct=yes port={}]", port);
    }
  }

  /** The agent may be another one now, whose door is shut. */
  void forget() {
    if (state != State.SHUT) {
      state = State.UNASKED;
    }
  }

  /** Pod or agent are others now. */
  void reset() {
    state = State.UNASKED;
    generation++;
  }
}
