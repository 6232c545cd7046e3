package io.teleproxy.spi;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.pf4j.ExtensionPoint;

/**
 * DNS logic beyond what tables can say. Asked after the tables have no answer and before the query
 * is relayed; several resolvers are asked in the order of their plugin ids.
 */
public interface Resolver extends ExtensionPoint {
  /** Whether this resolver works here; called once per run. Resolvers without needs say so. */
  default Probe probe(Environment environment) {
    return Probe.applicable(0, "");
  }

  /** Starts resolving. Does not block; slow preparations go to the background. */
  Session open(Context context);

  /** What the core hands to a session. */
  interface Context {
    Environment environment();

    /** Reports how this resolver is; shown by {@code status}. */
    void health(Health health);
  }

  /** Called from several event loops at once, from {@code open} until {@code close}. */
  interface Session extends AutoCloseable {
    /**
     * Answers a query, or says that it is none of its business (empty). Must not block: what takes
     * time completes the stage later. A stage that fails or takes longer than 5 s counts as empty.
     */
    CompletionStage<Optional<Answer>> resolve(Question question);

    @Override
    void close();
  }

  /**
   * A DNS question (RFC 1035 §4.1.2).
   *
   * @param name absolute, without final dot, in the case in which it was asked
   * @param type RR type, e.g. 1 for A, 28 for AAAA
   * @param dnsClass RR class, 1 for IN
   */
  record Question(String name, int type, int dnsClass) {}

  /**
   * An authoritative answer.
   *
   * @param rcode RFC 1035 §4.1.1: 0 NOERROR, 2 SERVFAIL, 3 NXDOMAIN
   * @param records answer section, in RFC 1035 §5.1 presentation form with absolute owner names;
   *     none with rcode 0 is NODATA
   */
  record Answer(int rcode, List<String> records) {
    public Answer {
      records = List.copyOf(records);
    }
  }
}
