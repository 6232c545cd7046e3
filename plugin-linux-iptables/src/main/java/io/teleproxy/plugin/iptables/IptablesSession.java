package io.teleproxy.plugin.iptables;

import io.teleproxy.plugin.netfilter.KnownFlows;
import io.teleproxy.plugin.netfilter.OriginalDestination;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Protocol;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run's rules. All state is guarded by this: {@code apply} and {@code close} come from one
 * thread, renewals and repairs from the upkeep's. {@code originalDestination} touches no state.
 */
final class IptablesSession implements Interceptor.Session {
  private static final Logger log = LoggerFactory.getLogger(IptablesSession.class);

  private final List<FamilyFirewall> firewalls;
  private final KnownFlows flows;
  private final long exemptGid;
  private final int setsFrom;
  private final Protection protection;

  /** Runs while there are rules; null where there is no protection, or no rule. */
  private @Nullable Upkeep upkeep;

  private @Nullable Watchdog watchdog;

  /** What upkeep has complained of, so that it does not repeat itself. */
  private String complaint = "";

  /** What is in the kernel as far as we know; null if it is not known. */
  private @Nullable InterceptPlan applied = InterceptPlan.EMPTY;

  /** The last plan that was in force: by it the firewall has decided about the flows it knows. */
  private InterceptPlan decided = InterceptPlan.EMPTY;

  /**
   * What keeps the rules from outliving us, or being lost before.
   *
   * @param watchdog empty: nobody removes rules if we die, and nobody mends them
   * @param expiring empty: captured nameservers stay captured if we hang
   */
  record Protection(Optional<Watchdog.Kit> watchdog, Optional<RecentList> expiring) {
    static final Protection NONE = new Protection(Optional.empty(), Optional.empty());
  }

  /**
   * @param firewalls of the families that can be intercepted; what a plan has for others is left
   *     out
   * @param setsFrom with how many destinations rules begin to name sets
   */
  IptablesSession(
      List<FamilyFirewall> firewalls,
      KnownFlows flows,
      long exemptGid,
      int setsFrom,
      Protection protection) {
    this.firewalls = List.copyOf(firewalls);
    this.flows = flows;
    this.exemptGid = exemptGid;
    this.setsFrom = setsFrom;
    this.protection = protection;
  }

  @Override
  public synchronized void apply(InterceptPlan plan) throws IOException {
    InterceptPlan before = applied;
    if (plan.equals(before)) {
      return;
    }
    long start = System.nanoTime();
    List<FamilyRules> wanted = rules(plan);
    try {
      if (!plan.isEmpty()) {
        protect();
      }
      applied = null;
      Optional<String> lost = make(wanted, before == null ? List.of() : rules(before));
      renew(plan.dns().nameservers());
      applied = plan;
      lost.ifPresent(IptablesSession::tellMended);
    } catch (IOException e) {
      if (before != null) {
        rollBack(before, e);
      }
      throw e;
    }
    flows.forget(decided, plan);
    decided = plan;
    log.info(
        "linux-iptables: applied {} rules, {} nameservers, bridges {} in {} ms",
        plan.rules().size(),
        plan.dns().nameservers().size(),
        plan.bridges(),
        (System.nanoTime() - start) / 1_000_000);
  }

  /** Before there is a rule: somebody must be there to remove it. */
  private void protect() throws IOException {
    if (protection.watchdog().isEmpty()) {
      return;
    }
    if (watchdog == null || !watchdog.alive()) {
      Watchdog started = protection.watchdog().get().start();
      watchdog = started;
      var unused = started.process().onExit().thenRun(() -> restart(started));
    }
    if (upkeep == null) {
      upkeep = new Upkeep(this::renew, this::mend, this::mendSets);
    }
  }

  /** The watchdog has ended; told by a thread of the JDK. */
  private synchronized void restart(Watchdog ended) {
    if (ended != watchdog) {
      return;
    }
    try {
      protect();
      log.warn("linux-iptables: the watchdog had ended; it was started again");
      // What it may have done before it ended.
      mend();
    } catch (IOException e) {
      log.warn("linux-iptables: the watchdog has ended and does not start: {}", e.getMessage());
    }
  }

  private synchronized void renew() {
    try {
      if (applied != null) {
        renew(applied.dns().nameservers());
      }
    } catch (IOException e) {
      // Without its rules there is no list either: mending them makes it anew.
      log.debug("linux-iptables: nameservers are not renewed: {}", e.getMessage());
    }
  }

  private void renew(List<InetAddress> nameservers) throws IOException {
    if (protection.expiring().isPresent()) {
      protection
          .expiring()
          .get()
          .renew(
              nameservers.stream()
                  .filter(ip -> firewalls.stream().anyMatch(one -> one.family().has(ip)))
                  .toList());
    }
  }

  /**
   * Makes anew what somebody else has removed or put behind his own. Called now and then, and when
   * the packet filter has changed: after what we have done ourselves there is nothing to mend, so
   * that one look is all that comes of it.
   */
  synchronized void mend() {
    InterceptPlan plan = applied;
    if (plan == null || plan.isEmpty() || upkeep == null) {
      return;
    }
    try {
      Optional<String> missing = missing();
      if (missing.isPresent()) {
        make(rules(plan), List.of());
        renew(plan.dns().nameservers());
        // Flows of meanwhile went elsewhere.
        flows.forget(InterceptPlan.EMPTY, plan);
        tellMended(missing.get());
      }
      complaint = "";
    } catch (IOException | RuntimeException e) {
      String message = String.valueOf(e.getMessage());
      if (!message.equals(complaint)) {
        complaint = message;
        log.warn("linux-iptables: rules could not be kept up: {}; trying again", message);
      }
    }
  }

  /** As {@link #mend}, where it is found out by what the kernel has of our sets. */
  private synchronized void mendSets() {
    try {
      boolean lost = false;
      for (FamilyFirewall firewall : firewalls) {
        lost |= firewall.hasLostElements();
      }
      if (lost) {
        mend();
      }
    } catch (IOException | RuntimeException e) {
      log.debug("linux-iptables: sets cannot be looked at: {}", e.getMessage());
    }
  }

  private static void tellMended(String missing) {
    log.warn(
        "linux-iptables: somebody else has changed our rules ({}); they were made again. A firewall"
            + " tool that is started or reloaded (firewalld, ufw) does that; nothing is to be"
            + " done, unless it goes on",
        missing);
  }

  private void unprotect() throws IOException {
    if (upkeep != null) {
      upkeep.close();
      upkeep = null;
    }
    Watchdog ending = watchdog;
    watchdog = null;
    if (ending != null) {
      ending.close();
    }
  }

  /** What of the last plan is not in the kernel any more, in words. */
  synchronized Optional<String> missing() throws IOException {
    if (applied == null) {
      return Optional.of("the last plan could not be applied");
    }
    List<FamilyRules> wanted = rules(applied);
    for (int i = 0; i < firewalls.size(); i++) {
      Optional<String> missing = firewalls.get(i).missing(wanted.get(i));
      if (missing.isPresent()) {
        return missing;
      }
    }
    return Optional.empty();
  }

  @Override
  public Optional<InetSocketAddress> originalDestination(Interceptor.AcceptedConnection connection)
      throws IOException {
    return OriginalDestination.of(connection);
  }

  @Override
  public synchronized Optional<Interceptor.MatchedRule> matching(
      Protocol protocol, InetSocketAddress to) throws IOException {
    for (FamilyFirewall firewall : firewalls) {
      if (firewall.family().has(to.getAddress())) {
        return firewall.matching(protocol, to);
      }
    }
    return Optional.empty();
  }

  @Override
  public synchronized void close() throws IOException {
    if (InterceptPlan.EMPTY.equals(applied)) {
      unprotect();
      return;
    }
    if (upkeep != null) {
      upkeep.close();
      upkeep = null;
    }
    List<IOException> failures = new ArrayList<>();
    for (FamilyFirewall firewall : firewalls) {
      try {
        firewall.removeAll();
      } catch (IOException e) {
        failures.add(e);
      }
    }
    if (!failures.isEmpty()) {
      // The watchdog stays: it tries again when we are gone.
      applied = null;
      IOException first = failures.get(0);
      failures.stream().skip(1).forEach(first::addSuppressed);
      throw first;
    }
    applied = InterceptPlan.EMPTY;
    flows.forget(decided, InterceptPlan.EMPTY);
    decided = InterceptPlan.EMPTY;
    unprotect();
    log.info("linux-iptables: removed all rules");
  }

  private List<FamilyRules> rules(InterceptPlan plan) {
    boolean expiring = protection.expiring().isPresent();
    boolean many = plan.byDestination().size() >= setsFrom;
    List<FamilyRules> rules = new ArrayList<>(firewalls.size());
    for (FamilyFirewall firewall : firewalls) {
      Family family = firewall.family();
      rules.add(
          many && firewall.hasSets()
              ? PlanRules.withSets(plan, family, exemptGid, expiring)
              : new FamilyRules(PlanRules.of(plan, family, exemptGid, expiring), Map.of()));
    }
    return rules;
  }

  /**
   * Makes the rules.
   *
   * @param last those that were in force; empty if that is not known
   * @return what of them somebody else had removed, in words
   */
  private Optional<String> make(List<FamilyRules> wanted, List<FamilyRules> last)
      throws IOException {
    Optional<String> lost = Optional.empty();
    for (int i = 0; i < firewalls.size(); i++) {
      List<TableRules> before = last.isEmpty() ? List.of() : last.get(i).tables();
      Optional<String> here = firewalls.get(i).make(wanted.get(i), before);
      lost = lost.isPresent() ? lost : here;
    }
    return lost;
  }

  /** All families back to the plan before, each in spite of the others' failure. */
  private void rollBack(InterceptPlan before, IOException cause) {
    List<FamilyRules> rules = rules(before);
    boolean complete = true;
    for (int i = 0; i < firewalls.size(); i++) {
      try {
        firewalls.get(i).make(rules.get(i), List.of());
      } catch (IOException e) {
        complete = false;
        cause.addSuppressed(e);
      }
    }
    if (complete) {
      applied = before;
    }
  }
}
