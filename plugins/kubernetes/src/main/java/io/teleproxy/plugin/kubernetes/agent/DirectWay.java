package io.teleproxy.plugin.kubernetes.agent;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether connections can go from the API server straight to the agent's door, past the node's
 * kubelet and container runtime, which cost as much as the API server itself each. Has to be asked
 * for over a port-forward, and may be barred: by missing rights (pods/proxy), by a network policy,
 * or because the API server does not reach pods. Confined to the event loop.
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

  private final boolean wanted;
  private final String token;
  private State state = State.UNASKED;
  private int port;
  private long shutSince;
  private boolean told;

  DirectWay(boolean wanted) {
    this.wanted = wanted;
    byte[] random = new byte[TOKEN_BYTES];
    new SecureRandom().nextBytes(random);
    token = HexFormat.of().formatHex(random);
  }

  boolean open() {
    return state == State.OPEN;
  }

  boolean asked() {
    return state == State.ASKED;
  }

  /** Whether now is the time to {@link #ask}. */
  boolean mayAsk() {
    return wanted
        && (state == State.UNASKED
            || (state == State.SHUT && System.nanoTime() - shutSince > SHUT_NANOS));
  }

  /**
   * Asks over this connection.
   *
   * @param then called when there is an answer
   */
  void ask(AgentLink link, Runnable then) {
    state = State.ASKED;
    link.askForDoor(
        token,
        answer -> {
          if (state == State.ASKED) {
            port = answer;
            if (answer > 0) {
              state = State.OPEN;
            } else {
              failed("the agent does not listen there");
            }
            then.run();
          }
        });
  }

  /** A connection goes that way, as far as the agent. */
  void works() {
    if (!told) {
      told = true;
      LOG.info("agent: [direct=yes port={}]", port);
    }
  }

  int port() {
    return port;
  }

  String token() {
    return token;
  }

  void failed(String why) {
    told = false;
    // Several connections are tried at once, and say the same.
    if (state != State.SHUT) {
      LOG.info("agent: [direct=no why=\"{}\"]", why);
    }
    state = State.SHUT;
    shutSince = System.nanoTime();
  }

  /** The agent may be another one now, whose door is shut. */
  void forget() {
    if (state != State.SHUT) {
      state = State.UNASKED;
    }
  }

  /** The pod is another one now. */
  void reset() {
    state = State.UNASKED;
  }
}
