package io.teleproxy.plugin.nftables;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Prefix;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The way from one plan to another where only rules of single addresses differ: then the elements
 * of these addresses are all that has to change, however many others there are. Confined to one
 * thread.
 */
final class ElementChange {
  private final Set<Family> rejecting;
  private final Map<Family, HostElements> before = new EnumMap<>(Family.class);
  private final Map<Family, HostElements> after = new EnumMap<>(Family.class);
  private boolean possible = true;

  private ElementChange(Set<Family> rejecting) {
    this.rejecting = rejecting;
    for (Family family : Family.values()) {
      before.put(family, new HostElements(family));
      after.put(family, new HostElements(family));
    }
  }

  /**
   * The transaction that makes one plan the other; empty if it takes more than elements.
   *
   * @param rejecting families in which a reject of more than one address comes after all these
   */
  static Optional<NftScript> between(
      String table, InterceptPlan old, InterceptPlan next, Set<Family> rejecting) {
    if (!old.dns().equals(next.dns()) || !old.bridges().equals(next.bridges())) {
      return Optional.empty();
    }
    ElementChange change = new ElementChange(rejecting);
    old.byDestination().differences(next.byDestination(), change::at);
    return change.possible ? Optional.of(change.script(table)) : Optional.empty();
  }

  private void at(Prefix to, @Nullable List<Rule> gone, @Nullable List<Rule> come) {
    if (to.isHost()) {
      add(to, gone, before);
      add(to, come, after);
    } else {
      possible = false;
    }
  }

  private void add(Prefix to, @Nullable List<Rule> rules, Map<Family, HostElements> elements) {
    if (rules == null) {
      return;
    }
    Family family = Family.of(to.address());
    HostElements ofFamily = elements.get(family);
    for (PortVerdicts group : PortVerdicts.of(rules)) {
      boolean passes = rejecting.contains(family) || group.rejects();
      possible &= ofFamily != null && ofFamily.add(group, passes).isEmpty();
    }
  }

  private NftScript script(String table) {
    return NftScript.changeElements(table, bySet(before), bySet(after));
  }

  private static Map<String, Map<String, String>> bySet(Map<Family, HostElements> elements) {
    Map<String, Map<String, String>> bySet = new LinkedHashMap<>();
    elements.values().forEach(ofFamily -> ofFamily.addTo(bySet));
    return bySet;
  }
}
