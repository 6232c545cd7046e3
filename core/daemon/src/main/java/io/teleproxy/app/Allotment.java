package io.teleproxy.app;

import com.google.gson.JsonObject;
import io.teleproxy.dns.AddressAdmission;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.Redirect;
import io.teleproxy.spi.InterceptPlan.Reject;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Interceptor.PortByPort;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.TrieMap;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where each destination (address, port and protocol) takes something of which there is not
 * everything: who gets it. All destinations, as long as that is enough; else those whose names were
 * resolved last. An address is given with all its ports, or not at all. DNS asks before it answers,
 * so that a name leads to an address that has got its own. While connections to an address live, it
 * stays intercepted, though it may refuse new ones.
 *
 * <p>{@link #limit} is for the reconciler's thread, everything else for any.
 */
final class Allotment implements AddressAdmission {
  /** A range of more ports is not carried out port by port. */
  static final int MOST_PORTS = 256;

  /**
   * What is so now.
   *
   * @param all what could be given, and what is refused
   * @param given what of it is
   * @param scarce whether there is not enough for all
   * @param wanted how many destinations there are
   * @param left how many rules are not carried out as they are: prefixes are passed over, of all
   *     ports the usual ones are led
   */
  record Given(
      TrieMap<Prefix, List<Rule>> all,
      TrieMap<Prefix, List<Rule>> given,
      boolean scarce,
      int wanted,
      int left) {
    static final Given NOTHING = new Given(TrieMap.empty(), TrieMap.empty(), false, 0, 0);
  }

  private final PortByPort limits;
  private final Supplier<CompletionStage<Void>> applied;
  private final AtomicLong clock = new AtomicLong();

  /** When the addresses of {@code all} were resolved last, by the clock. */
  private final Map<Prefix, Long> resolved = new ConcurrentHashMap<>();

  private TrieMap<Prefix, List<Rule>> planned = TrieMap.empty();
  private TrieMap<Prefix, List<Rule>> all = TrieMap.empty();
  private int wanted;
  private int left;
  private volatile Given now = Given.NOTHING;

  /** Addresses that are kept for their connections alone. */
  private volatile int held;

  /**
   * @param limits how many destinations may be given, and which ports where all are led
   * @param applied has a new plan made, and completes when it is in force
   */
  Allotment(PortByPort limits, Supplier<CompletionStage<Void>> applied) {
    this.limits = limits;
    this.applied = applied;
  }

  Given now() {
    return now;
  }

  /** Whether a plan has to be made when connections have ended. */
  boolean isHolding() {
    return held > 0;
  }

  int most() {
    return limits.most();
  }

  /** What {@code status} tells of it. */
  JsonObject describe() {
    Given given = now;
    JsonObject json = new JsonObject();
    json.addProperty("most", limits.most());
    json.addProperty("wanted", given.wanted());
    json.addProperty("addresses", given.given().size());
    json.addProperty("addresses-waiting", given.all().size() - given.given().size());
    json.addProperty("addresses-kept-for-connections", held);
    json.addProperty("rules-left", given.left());
    return json;
  }

  @Override
  public boolean admitted(Collection<InetAddress> addresses) {
    TrieMap<Prefix, List<Rule>> known = now.all();
    for (InetAddress address : addresses) {
      Prefix to = Prefix.of(address);
      if (known.containsKey(to)) {
        resolved.put(to, clock.incrementAndGet());
      }
    }
    // Noted first and looked second: limit() publishes first and looks at the notes second.
    Given given = now;
    if (given.scarce()) {
      for (InetAddress address : addresses) {
        Prefix to = Prefix.of(address);
        if (given.all().containsKey(to) && !given.given().containsKey(to)) {
          return false;
        }
      }
    }
    return true;
  }

  @Override
  public CompletionStage<Void> admit(Collection<InetAddress> addresses) {
    return admitted(addresses) ? CompletableFuture.completedFuture(null) : applied.get();
  }

  /**
   * The plan for those destinations that get something, port by port.
   *
   * @param connected addresses to which connections are open
   */
  InterceptPlan limit(InterceptPlan plan, Set<InetAddress> connected) {
    follow(plan.byDestination());
    Given before = now;
    TrieMap<Prefix, List<Rule>> chosen = all;
    boolean scarce = wanted > limits.most();
    if (scarce) {
      boolean missed = true;
      while (missed) {
        long start = clock.get();
        chosen = choose();
        now = new Given(all, chosen, true, wanted, left);
        missed = wasResolvedSince(start, before.given(), chosen);
      }
    } else {
      now = new Given(all, all, false, wanted, left);
    }
    if (resolved.size() > all.size()) {
      resolved.keySet().removeIf(to -> !all.containsKey(to));
    }
    return plan.with(hold(chosen, connected));
  }

  private void follow(TrieMap<Prefix, List<Rule>> next) {
    TrieMap.Editor<Prefix, List<Rule>> edited = all.edit();
    planned.differences(
        next,
        (to, before, after) -> {
          List<Rule> gone = before == null ? List.of() : before;
          List<Rule> come = after == null ? List.of() : after;
          left += left(to, come) - left(to, gone);
          if (to.isHost()) {
            List<Rule> narrow = portByPort(come);
            wanted += weight(narrow) - weight(edited.get(to));
            if (narrow.isEmpty()) {
              edited.remove(to);
            } else {
              edited.put(to, narrow);
            }
          }
        });
    all = edited.done();
    planned = next;
  }

  /** Our own names first, then what was resolved last. */
  private TrieMap<Prefix, List<Rule>> choose() {
    Map<Prefix, List<Rule>> chosen = new HashMap<>();
    int used = 0;
    for (Map.Entry<Prefix, List<Rule>> one : all.entrySet()) {
      if (one.getKey().address().isLoopbackAddress()) {
        chosen.put(one.getKey(), one.getValue());
        used += weight(one.getValue());
      }
    }
    List<Map.Entry<Prefix, Long>> latest = new ArrayList<>();
    resolved.forEach((to, when) -> latest.add(Map.entry(to, when)));
    latest.sort(Map.Entry.<Prefix, Long>comparingByValue(Comparator.reverseOrder()));
    for (Map.Entry<Prefix, Long> one : latest) {
      List<Rule> rules = all.get(one.getKey());
      if (rules == null || chosen.containsKey(one.getKey())) {
        continue;
      }
      int weight = weight(rules);
      if (used + weight <= limits.most()) {
        used += weight;
        chosen.put(one.getKey(), rules);
      }
    }
    return TrieMap.copyOf(chosen);
  }

  /** Whether something is taken away that was told since. */
  private boolean wasResolvedSince(
      long start, TrieMap<Prefix, List<Rule>> before, TrieMap<Prefix, List<Rule>> chosen) {
    return before.keySet().stream()
        .anyMatch(to -> !chosen.containsKey(to) && resolved.getOrDefault(to, 0L) > start);
  }

  private TrieMap<Prefix, List<Rule>> hold(
      TrieMap<Prefix, List<Rule>> chosen, Set<InetAddress> connected) {
    TrieMap.Editor<Prefix, List<Rule>> edited = chosen.edit();
    int holding = 0;
    for (InetAddress address : connected) {
      Prefix to = Prefix.of(address);
      if (!chosen.containsKey(to) && !address.isLoopbackAddress()) {
        edited.put(to, List.of(new Reject(new InterceptPlan.Match(Protocol.TCP, to, Ports.ALL))));
        holding++;
      }
    }
    held = holding;
    return holding == 0 ? chosen : edited.done();
  }

  /** What is not led is refused, rather than left to whoever has that address elsewhere. */
  private List<Rule> portByPort(List<Rule> rules) {
    List<Rule> found = new ArrayList<>(rules.size());
    for (Rule rule : rules) {
      if (!isWide(rule)) {
        found.add(rule);
        continue;
      }
      Ports usual = usual(rule.match(), rules);
      if (!usual.isAll()) {
        InterceptPlan.Match match =
            new InterceptPlan.Match(rule.match().protocol(), rule.match().to(), usual);
        found.add(new Redirect(match, ((Redirect) rule).port()));
      }
      found.add(new Reject(rule.match()));
    }
    return InterceptPlan.ordered(found);
  }

  /** All ports, which stands for none, if somebody names those that there are. */
  private Ports usual(InterceptPlan.Match wide, List<Rule> rules) {
    boolean named =
        rules.stream()
            .anyMatch(
                rule ->
                    rule instanceof Redirect
                        && !isWide(rule)
                        && rule.match().protocol() == wide.protocol());
    return named
        ? Ports.ALL
        : new Ports(
            limits.usual().ranges().stream()
                .filter(range -> wide.ports().contains(range.first()))
                .filter(range -> wide.ports().contains(range.last()))
                .toList());
  }

  private static boolean isWide(Rule rule) {
    return rule instanceof Redirect && rule.match().ports().count() > MOST_PORTS;
  }

  private static int left(Prefix to, List<Rule> rules) {
    return to.isHost() ? (int) rules.stream().filter(Allotment::isWide).count() : rules.size();
  }

  /** How many destinations these are; an address that only refuses takes as much as one. */
  private static int weight(@Nullable List<Rule> rules) {
    if (rules == null || rules.isEmpty()) {
      return 0;
    }
    int ports = 0;
    for (Rule rule : rules) {
      if (rule instanceof Redirect) {
        ports += rule.match().ports().count();
      }
    }
    return Math.max(1, ports);
  }
}
