package io.teleproxy.spi;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.Set;
import org.pf4j.ExtensionPoint;

/**
 * An operating system's firewall as teleproxy needs it: forward traffic for certain destinations to
 * a local port, and say afterwards where it was meant to go. One applicable interceptor with the
 * highest priority is chosen per run.
 */
public interface Interceptor extends ExtensionPoint {
  /** What a backend can do; what it cannot, the core does another way or says so. */
  enum Capability {
    TCP,
    UDP,
    IPV4,
    IPV6,
    /** Whole prefixes, and all ports of an address, not only single addresses with listed ports. */
    CIDR,
    /**
     * {@link Session#originalDestination} works. Without it, {@link Session#apply} makes each
     * address of the plan one of this machine, and the core itself listens there, on the ports that
     * are redirected.
     */
    ORIGINAL_DESTINATION,
    /**
     * What no rule matches goes its own way: other ports of an intercepted address, and all traffic
     * of {@link Context#exemptGid}.
     */
    SELECTIVE,
    /** {@link InterceptPlan#dns} is carried out for any nameserver, whoever asks it. */
    DNS_CAPTURE,
    /** {@link InterceptPlan#bridges} are served like local processes, names included. */
    CONTAINERS,
    /** {@link InterceptPlan.Reject} is carried out. */
    REJECT,
    /** The kernel removes everything when the process ends, however it ends. */
    OWNER_CLEANUP
  }

  /**
   * Whether this backend works here. May run commands that only read, for some hundred
   * milliseconds; called at most once per run, on any thread, before anything but {@link #recover}.
   */
  Probe probe(Environment environment);

  /**
   * The highest priority that {@link #probe} may answer. Where another backend applies that is
   * higher, a run does not probe this one; it asks it to {@link #recover} all the same.
   */
  default int highestPriority() {
    return Integer.MAX_VALUE;
  }

  Set<Capability> capabilities();

  /**
   * For a backend for which each destination (address, port and protocol) is work of its own.
   *
   * @param most to how many destinations a plan may lead, 1 or more. Where the tables have more,
   *     the core gives them to the names that were resolved last
   * @param usual which ports are meant where a table leads all of an address: all cannot be
   */
  record PortByPort(int most, Ports usual) {
    public PortByPort {
      if (most < 1 || usual.isAll()) {
        throw new IllegalArgumentException(
            "port by port: " + most + ", " + usual + " (expected: 1 or more, and listed ports)");
      }
    }
  }

  /** How much such a backend can do; empty if a rule is a rule, whatever it matches. */
  default Optional<PortByPort> portByPort(Environment environment) {
    return Optional.empty();
  }

  /**
   * Removes what a dead process of ours left behind, however many copies, and nothing else. Needs
   * no prior state; safe when there is nothing. Called before {@link #open}, and by {@code
   * teleproxy cleanup}.
   *
   * @return one line per thing removed, for the log
   * @throws IOException if something of ours is still there
   */
  Iterable<String> recover(Environment environment) throws IOException;

  /** Prepares to intercept; changes nothing on the machine yet. Does not block for long. */
  Session open(Context context);

  /** What the core hands to a session. */
  interface Context {
    Environment environment();

    /** Group id of our own processes: their traffic is never touched. */
    long exemptGid();

    /** Says what the session cannot do now, or that all is well again. Any thread. */
    default void health(Health health) {}

    /**
     * Has a session told soon after the system has announced a change of its packet filter, whoever
     * has made it, this session included; changes that come together are told once. From some
     * seconds after the start on, as long as the run lasts, on a thread of the core's, which the
     * call may block. Where nothing is announced (anything but nf_tables of Linux), it is never
     * called.
     */
    default void packetFilterChanges(Runnable changed) {}

    /** Where changes are noted that would outlive us. Undone after the session was closed. */
    default Journal journal() {
      throw new UnsupportedOperationException("this context has no journal");
    }
  }

  /**
   * One run's hold on the firewall. {@code apply} and {@code close} are called by one reconciler
   * thread; {@code originalDestination} by any event loop, at any time between.
   */
  interface Session extends AutoCloseable {
    /**
     * Makes the firewall as the plan says: the whole desired state, applied as one change per
     * address family and read back. An identical plan is allowed and cheap; the empty plan removes
     * everything. May block for some seconds.
     *
     * @throws IOException if it could not; the machine is then as before the call
     */
    void apply(InterceptPlan plan) throws IOException;

    /**
     * Says which names are answered by the server to which {@link InterceptPlan#dns} leads, after
     * the plan by which their addresses are intercepted. For systems whose resolver has to be told
     * whom to ask; where capturing the nameservers' traffic is enough, nothing needs to be done.
     * What the system remembers of names is to be forgotten. Called by the reconciler thread when
     * the names are others than before; may block like {@link #apply}.
     *
     * @throws IOException if the system refuses; it is tried again
     */
    default void names(AnsweredNames names) throws IOException {}

    /**
     * Addresses of this machine, besides 127.0.0.1, ::1 and those of the plan's bridges, at which
     * redirected TCP connections arrive, on the port that the plan says: for systems that give each
     * destination an address of its own because they do not tell the original one. Asked after each
     * {@link #apply}; the proxy listens there, too.
     */
    default Set<InetAddress> arrivals() {
      return Set.of();
    }

    /**
     * Where an accepted, redirected TCP connection was going, or empty if it was not redirected.
     * Must not block. Only called where {@link Capability#ORIGINAL_DESTINATION} is claimed.
     */
    Optional<InetSocketAddress> originalDestination(AcceptedConnection connection)
        throws IOException;

    /**
     * What decides about new flows to this destination, as the system has it now, with its count:
     * asked by {@code explain} and by nobody else, so it may run a command. Called on a thread that
     * may block, at any time between; costs nothing where it is not called.
     *
     * @return empty where nothing matches, or this backend has no rules
     * @throws IOException if the system does not tell
     */
    default Optional<MatchedRule> matching(Protocol protocol, InetSocketAddress to)
        throws IOException {
      return Optional.empty();
    }

    /**
     * Removes everything, each step in spite of the others' failure. Idempotent; nothing is called
     * after it.
     *
     * @throws IOException naming what is left
     */
    @Override
    void close() throws IOException;
  }

  /**
   * A rule of the system that matches a destination.
   *
   * @param rule in the system's own words, one line
   * @param flows how many new flows it has matched since it was made
   */
  record MatchedRule(String rule, long flows) {}

  /** A TCP connection that one of our listeners accepted. Valid only during the call. */
  interface AcceptedConnection {
    InetSocketAddress peer();

    InetSocketAddress local();

    /**
     * {@code getsockopt(2)} on the connection's socket.
     *
     * @param length size of the buffer, in bytes
     * @return the bytes that the kernel filled in
     * @throws IOException with the system's error text, or if the platform's sockets cannot do it
     */
    byte[] socketOption(int level, int name, int length) throws IOException;
  }
}
