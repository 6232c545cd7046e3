package io.teleproxy.dns;

import java.util.Collection;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Which names may be answered here, and which of them may be completed. Of two domains that a name
 * is below, the longer one decides; where a domain is both, {@code include} wins. Immutable.
 *
 * @param include exceptions from the other two
 * @param exclude names at or below these go to the original nameservers, whatever tables and
 *     resolvers know about them
 * @param publicDomains names at or below these mean what they say: the search path does not
 *     complete them
 */
public record NamePolicy(Set<String> include, Set<String> exclude, Set<String> publicDomains) {
  /** Every name may be answered and completed. */
  public static final NamePolicy EVERYTHING = new NamePolicy(Set.of(), Set.of(), Set.of());

  public NamePolicy {
    include = Set.copyOf(include);
    exclude = Set.copyOf(exclude);
    publicDomains = Set.copyOf(publicDomains);
  }

  /** From domains in any case, without final dot. */
  public static NamePolicy of(
      Collection<String> include, Collection<String> exclude, Collection<String> publicDomains) {
    return new NamePolicy(lower(include), lower(exclude), lower(publicDomains));
  }

  /** Whether tables and resolvers may answer the name; in lower case, without final dot. */
  boolean answers(String name) {
    return exclude.isEmpty() || decide(name, exclude::contains);
  }

  /** Whether the search path may complete the name. */
  boolean completes(String name) {
    return decide(name, domain -> exclude.contains(domain) || publicDomains.contains(domain));
  }

  private boolean decide(String name, Predicate<String> denied) {
    String domain = name;
    while (true) {
      if (include.contains(domain)) {
        return true;
      }
      if (denied.test(domain)) {
        return false;
      }
      int dot = domain.indexOf('.');
      if (dot < 0) {
        return true;
      }
      domain = domain.substring(dot + 1);
    }
  }

  private static Set<String> lower(Collection<String> domains) {
    return domains.stream()
        .map(domain -> domain.toLowerCase(java.util.Locale.ROOT))
        .collect(Collectors.toSet());
  }
}
