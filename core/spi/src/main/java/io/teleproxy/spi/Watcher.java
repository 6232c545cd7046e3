package io.teleproxy.spi;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.pf4j.ExtensionPoint;

/**
 * Turns a source of names and addresses into a table and keeps it true. All applicable watchers
 * run.
 */
public interface Watcher extends ExtensionPoint {
  /** Whether its source can be there at all; called once per run. Reads local files at most. */
  Probe probe(Environment environment);

  /**
   * Whether it only adds to what others bring: where no other watcher is applicable, this one is no
   * reason to run, and the user hears what the others lack. Never changes.
   */
  default boolean accompanies() {
    return false;
  }

  /**
   * Starts watching in the background and returns at once. A source that goes away and comes back
   * is followed for ever, with backoff; its last table stays.
   *
   * @throws UserException if it can never work as configured
   */
  Session open(Context context);

  /**
   * Looks whether the source can be read, for {@code teleproxy doctor}: whatever a run would need,
   * each with what to do if it is not so. May block for some seconds; changes nothing.
   */
  default List<Finding> examine(Environment environment) {
    return List.of();
  }

  /**
   * Addresses to which a run would lead, as far as they can be told without one, for {@code
   * teleproxy doctor}, which looks whether this machine has routes of its own to them. May block
   * for some seconds.
   */
  default Set<Prefix> addresses(Environment environment) {
    return Set.of();
  }

  /**
   * What a bug report needs to know of the source's configuration, by file name. Without secrets:
   * show what is known to be none, not what is not known to be one.
   */
  default Map<String, String> evidence(Environment environment) {
    return Map.of();
  }

  /** What the core hands to a session; may be called from any thread, also after close. */
  interface Context {
    Environment environment();

    /**
     * Loopback port of the SOCKS5 proxy in front of this plugin's {@link Tunnel}: the target for
     * its routes.
     *
     * @throws IllegalStateException if the plugin has no tunnel
     */
    int target();

    /**
     * Replaces the table of that name, whole. Only enqueues; the last call wins. A watcher
     * publishes {@link Table#pending} first if it claims zones.
     *
     * <p>What follows costs as much as the table differs from the one before. It is cheap to find
     * out where, if it was made from that one: see {@link Table}. A change is in force as a whole.
     */
    void publish(Table table);

    /**
     * Domains that complete relative names, as in resolv.conf(5) {@code search}; first wins, and
     * those of watchers that were loaded earlier before those of others. Replaces what was said
     * before.
     */
    void search(List<String> domains);

    /** Reports how the source is. The run is ready when every watcher has been ready once. */
    void health(Health health);

    /**
     * What people want to know of the source besides its health, such as {@code cluster} and {@code
     * context}; replaces what was told before, and is shown as it is. No secrets.
     */
    default void details(Map<String, String> known) {}

    /**
     * Gives up: the run ends with this message if it was not ready yet, else it is reported as
     * failed health.
     */
    void fail(UserException reason);
  }

  /** A running watch. */
  interface Session extends AutoCloseable {
    /**
     * Somebody asks to look at the configuration of the source now (SIGHUP). Sources that notice
     * changes by themselves need not do anything. Only enqueues.
     */
    default void reload() {}

    /**
     * This machine has other addresses or routes than before: connections may be dead, and what was
     * not reached may be within reach. Only enqueues. Systems that do not announce this never call.
     */
    default void networkChanged() {}

    /**
     * What stands behind a host and port in the source as it is now, such as endpoints and whether
     * they are ready, for {@code explain}: the first that is bad is named with its remedy. Looks at
     * what is known already; does not block. Any thread.
     *
     * @param host a name as somebody has written it, complete or not, or an address; of the source
     *     or not
     * @param port 0 for all
     */
    default List<Finding> behind(String host, Protocol protocol, int port) {
      return List.of();
    }

    /** Stops watching; idempotent; waits for nothing. The core withdraws the tables. */
    @Override
    void close();
  }
}
