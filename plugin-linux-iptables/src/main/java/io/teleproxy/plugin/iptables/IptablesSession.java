package io.teleproxy.plugin.iptables;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Interceptor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run's rules. {@code apply} and {@code close} belong to one thread; {@code
 * originalDestination} touches no state.
 */
final class IptablesSession implements Interceptor.Session {
  private static final Logger log = LoggerFactory.getLogger(IptablesSession.class);

  private final List<FamilyFirewall> firewalls;
  private final KnownFlows flows;
  private final long exemptGid;

  /** What is in the kernel as far as we know; null if it is not known. */
  private @Nullable InterceptPlan applied = InterceptPlan.EMPTY;

  /** The last plan that was in force: by it the firewall has decided about the flows it knows. */
  private InterceptPlan decided = InterceptPlan.EMPTY;

  /**
   * @param firewalls of the families that can be intercepted; what a plan has for others is left
   *     out
   */
  IptablesSession(List<FamilyFirewall> firewalls, KnownFlows flows, long exemptGid) {
    this.firewalls = List.copyOf(firewalls);
    this.flows = flows;
    this.exemptGid = exemptGid;
  }

  @Override
  public void apply(InterceptPlan plan) throws IOException {
    InterceptPlan before = applied;
    if (plan.equals(before)) {
      return;
    }
    long start = System.nanoTime();
    List<List<TableRules>> wanted = rules(plan);
    try {
      applied = null;
      make(wanted);
      applied = plan;
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

  /** What of the last plan is not in the kernel any more, in words. */
  Optional<String> missing() throws IOException {
    if (applied == null) {
      return Optional.of("the last plan could not be applied");
    }
    List<List<TableRules>> wanted = rules(applied);
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
  public void close() throws IOException {
    if (InterceptPlan.EMPTY.equals(applied)) {
      return;
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
      applied = null;
      IOException first = failures.get(0);
      failures.stream().skip(1).forEach(first::addSuppressed);
      throw first;
    }
    applied = InterceptPlan.EMPTY;
    flows.forget(decided, InterceptPlan.EMPTY);
    decided = InterceptPlan.EMPTY;
    log.info("linux-iptables: removed all rules");
  }

  private List<List<TableRules>> rules(InterceptPlan plan) {
    List<List<TableRules>> rules = new ArrayList<>(firewalls.size());
    for (FamilyFirewall firewall : firewalls) {
      rules.add(PlanRules.of(plan, firewall.family(), exemptGid));
    }
    return rules;
  }

  private void make(List<List<TableRules>> wanted) throws IOException {
    for (int i = 0; i < firewalls.size(); i++) {
      firewalls.get(i).make(wanted.get(i));
    }
  }

  /** All families back to the plan before, each in spite of the others' failure. */
  private void rollBack(InterceptPlan before, IOException cause) {
    List<List<TableRules>> rules = rules(before);
    boolean complete = true;
    for (int i = 0; i < firewalls.size(); i++) {
      try {
        firewalls.get(i).make(rules.get(i));
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
