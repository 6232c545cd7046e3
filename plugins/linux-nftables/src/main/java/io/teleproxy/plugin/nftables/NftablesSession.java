package io.teleproxy.plugin.nftables;

import static io.teleproxy.plugin.nftables.NftScript.TABLE;

import io.teleproxy.plugin.netfilter.KnownFlows;
import io.teleproxy.plugin.netfilter.OriginalDestination;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Protocol;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run's table. All state is guarded by this: {@code apply} and {@code close} come from one
 * thread, refreshes and restarts from the timer's. {@code originalDestination} touches no state.
 */
final class NftablesSession implements Interceptor.Session {
  private static final Logger log = LoggerFactory.getLogger(NftablesSession.class);

  /** Several times within {@link NftScript#CAPTURE_SECONDS}, so that one may be late. */
  private static final long REFRESH_SECONDS = 2;

  /** Every so many refreshes nft is waited for. */
  private static final int ANSWERED_REFRESH = 15;

  /** Starts the process that owns the table. */
  @FunctionalInterface
  interface Starter {
    NftShell start() throws IOException;
  }

  private final Starter starter;
  private final Starter readers;
  private final KnownFlows flows;
  private final long exemptGid;

  /** Refreshes captured nameservers, and starts nft again if it died. */
  private @Nullable ScheduledThreadPoolExecutor timer;

  /** Owns the table before there is a plan, which then need not wait for it; null afterwards. */
  private @Nullable NftShell spare;

  /** Owns the table; null while there is none. */
  private @Nullable NftShell shell;

  private InterceptPlan applied = InterceptPlan.EMPTY;

  /** What known flows have been made to follow. */
  private InterceptPlan decided = InterceptPlan.EMPTY;

  /** Keeps the captured nameservers of the plan that is applied; empty if there are none. */
  private NftScript refresh = new NftScript(List.of());

  /** Of the plan that is applied, as in {@link Ruleset#rejecting}. */
  private Set<Family> rejecting = Set.of();

  private int refreshes;
  private boolean closed;

  /** What the timer has complained of, so that it does not repeat itself. */
  private String complaint = "";

  /**
   * @param starter of those that own the table
   * @param readers of those that only read
   */
  NftablesSession(Starter starter, Starter readers, KnownFlows flows, long exemptGid) {
    this.starter = starter;
    this.readers = readers;
    this.flows = flows;
    this.exemptGid = exemptGid;
  }

  /**
   * Makes the table, which does nothing yet, on a thread of its own. That it cannot is told by the
   * first plan.
   */
  void prepare() {
    Thread thread = new Thread(this::declareAhead, "linux-nftables-prepare");
    thread.setDaemon(true);
    thread.start();
  }

  private synchronized void declareAhead() {
    if (closed || !applied.isEmpty()) {
      return;
    }
    try {
      spare = OwnedTable.declare(starter, TABLE);
    } catch (IOException e) {
      log.debug("linux-nftables: the table is not there yet: {}", e.getMessage());
    }
  }

  @Override
  public synchronized void apply(InterceptPlan plan) throws IOException {
    NftShell current = shell != null && shell.alive() ? shell : null;
    if (plan.equals(applied) && (current != null || plan.isEmpty())) {
      return;
    }
    long start = System.nanoTime();
    Optional<NftScript> elements = Optional.empty();
    if (plan.isEmpty()) {
      remove();
    } else if (current == null || applied.isEmpty()) {
      own(plan);
    } else {
      // A table with an owner cannot be changed by others: what nft has confirmed is there.
      elements = ElementChange.between(TABLE, applied, plan, rejecting);
      if (elements.isPresent()) {
        run(current, elements.get());
      } else {
        change(current, plan);
      }
    }
    applied = plan;
    if (!plan.isEmpty()) {
      startTimer();
    }
    if (timer != null) {
      // Asking conntrack takes longer than all the rest, and names wait for us.
      timer.execute(this::forgetFlows);
    } else {
      forgetFlows();
    }
    if (elements.isPresent()) {
      log.debug("linux-nftables: changed {} in {} ms", elements.get(), millisSince(start));
    } else {
      log.info(
          "linux-nftables: applied {} destinations, {} nameservers, bridges {} in {} ms",
          plan.byDestination().size(),
          plan.dns().nameservers().size(),
          plan.bridges(),
          millisSince(start));
    }
  }

  /** Lets conntrack forget what has changed since it was asked to last. */
  private void forgetFlows() {
    InterceptPlan before;
    InterceptPlan after;
    synchronized (this) {
      before = decided;
      after = applied;
      decided = after;
    }
    flows.forget(before, after);
  }

  /** Looks at both plans as wholes, whatever they differ in. */
  private void change(NftShell current, InterceptPlan plan) throws IOException {
    Ruleset wanted = Ruleset.of(plan, exemptGid);
    run(current, NftScript.change(TABLE, Ruleset.of(applied, exemptGid), wanted));
    settle(wanted);
  }

  private void settle(Ruleset wanted) {
    refresh = NftScript.refresh(TABLE, wanted);
    rejecting = Set.copyOf(wanted.rejecting);
  }

  private static void run(NftShell shell, NftScript script) throws IOException {
    if (!script.isEmpty()) {
      shell.run(script.statements());
    }
  }

  private static long millisSince(long start) {
    return (System.nanoTime() - start) / 1_000_000;
  }

  @Override
  public Optional<InetSocketAddress> originalDestination(Interceptor.AcceptedConnection connection)
      throws IOException {
    return OriginalDestination.of(connection);
  }

  @Override
  public Optional<Interceptor.MatchedRule> matching(Protocol protocol, InetSocketAddress to)
      throws IOException {
    try (NftShell reader = readers.start()) {
      return ElementCounts.of(reader, TABLE, protocol, to);
    }
  }

  @Override
  public synchronized void close() throws IOException {
    closed = true;
    boolean held = shell != null;
    if (timer != null) {
      timer.shutdown();
      timer = null;
    }
    try {
      remove();
    } finally {
      closeSpare();
    }
    applied = InterceptPlan.EMPTY;
    forgetFlows();
    if (held) {
      log.info("linux-nftables: removed all rules");
    }
  }

  /** Starts nft and makes the table. */
  private void own(InterceptPlan plan) throws IOException {
    Ruleset wanted = Ruleset.of(plan, exemptGid);
    closeShell();
    NftShell ahead = spare;
    spare = null;
    NftShell started = ahead != null && ahead.alive() ? ahead : OwnedTable.declare(starter, TABLE);
    OwnedTable.fill(started, TABLE, wanted);
    shell = started;
    settle(wanted);
    started.process().onExit().thenRun(() -> died(started));
  }

  /** The table goes with the process in any case; asked first, it goes without a delay. */
  private void remove() throws IOException {
    NftShell current = shell;
    if (current != null && current.alive()) {
      try {
        current.run(NftScript.remove(TABLE).statements());
      } catch (IOException e) {
        log.debug("linux-nftables: {}", e.getMessage());
      }
    }
    closeShell();
  }

  private void closeShell() throws IOException {
    NftShell current = shell;
    shell = null;
    if (current != null) {
      current.close();
    }
  }

  private void closeSpare() throws IOException {
    NftShell unused = spare;
    spare = null;
    if (unused != null) {
      unused.close();
    }
  }

  private void startTimer() {
    if (timer == null) {
      timer =
          new ScheduledThreadPoolExecutor(
              1,
              task -> {
                Thread thread = new Thread(task, "linux-nftables-refresh");
                thread.setDaemon(true);
                return thread;
              });
      timer.scheduleWithFixedDelay(
          this::refresh, REFRESH_SECONDS, REFRESH_SECONDS, TimeUnit.SECONDS);
    }
  }

  /** Called on a thread of the JDK that waits for children. */
  private void died(NftShell dead) {
    synchronized (this) {
      if (dead != shell || timer == null) {
        return;
      }
      try {
        timer.execute(this::refresh);
      } catch (RejectedExecutionException e) {
        // Closing: then it may be dead.
      }
    }
  }

  private synchronized void refresh() {
    if (applied.isEmpty()) {
      return;
    }
    try {
      NftShell current = shell;
      if (current == null || !current.alive()) {
        own(applied);
        log.warn("linux-nftables: nft had ended, and with it all rules; it was started again");
      } else {
        NftScript script = refresh;
        if (script.isEmpty()) {
          return;
        }
        // From time to time with an answer, so that a hanging nft is found and replaced.
        if (++refreshes % ANSWERED_REFRESH == 0) {
          current.run(script.statements());
        } else {
          current.tell(script.statements());
        }
      }
      complaint = "";
    } catch (IOException | RuntimeException e) {
      String message = String.valueOf(e.getMessage());
      if (!message.equals(complaint)) {
        complaint = message;
        log.warn("linux-nftables: rules could not be kept up: {}; trying again", message);
      }
    }
  }
}
