package io.teleproxy.plugin.nftables;

import io.teleproxy.plugin.nftables.PortVerdicts.Listed;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.DnsCapture;
import io.teleproxy.spi.Prefix;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What our table holds for a plan: elements of maps for single addresses, so that lookup and change
 * cost the same however many there are, and ordered rules for the rest. Pure.
 *
 * <p>Rejects come before nat, so redirects need no regard for them; but what a redirect decides
 * must get past the rejects behind it.
 */
final class Ruleset {
  /** Chain in nat of what is redirected. */
  static final String REDIRECTS = "redirects";

  /** Chain before nat of what is rejected, and of what must get past a later reject. */
  static final String REJECTS = "rejects";

  /** Chain that says no in each protocol's way. */
  static final String REFUSE = "refuse";

  /** Without it nft refuses ports of {@code th} in a redirect. */
  private static final String TRANSPORT = "meta l4proto { tcp, udp } ";

  /** As the maps count for each of their elements. */
  private static final String COUNTED = "counter ";

  private static final String PASS = HostElements.PASS;
  private static final String NO = HostElements.NO;

  /** Elements by map or set, those of sets with an empty value. */
  final Map<String, Map<String, String>> elements = new LinkedHashMap<>();

  /** Rules by chain. */
  final Map<String, List<String>> rules = new LinkedHashMap<>();

  /** Captured nameservers by set; their elements have a timeout. */
  final Map<String, List<String>> nameservers = new LinkedHashMap<>();

  /** Families in which more than a single address is rejected at once. */
  final Set<Family> rejecting = EnumSet.noneOf(Family.class);

  private Ruleset() {}

  static Ruleset of(InterceptPlan plan, long exemptGid) {
    Ruleset ruleset = new Ruleset();
    String exempt = "meta skgid " + exemptGid + " accept";
    List<PortVerdicts> groups = PortVerdicts.of(plan.rules());
    List<String> redirects = new ArrayList<>();
    List<String> rejects = new ArrayList<>();
    for (Family family : Family.values()) {
      ruleset.addNameservers(family, plan.dns(), redirects, rejects);
    }
    for (Family family : Family.values()) {
      if (new FamilyRules(ruleset, family, redirects, rejects).add(groups)) {
        ruleset.rejecting.add(family);
      }
    }
    Map<String, String> bridges = new LinkedHashMap<>();
    for (String bridge : plan.bridges()) {
      bridges.put('"' + bridge + '"', "");
    }
    ruleset.elements.put("bridges", bridges);
    ruleset.rules.put(
        REFUSE,
        List.of(
            "meta l4proto tcp reject with tcp reset", "reject with icmpx type port-unreachable"));
    ruleset.rules.put(REDIRECTS, redirects);
    ruleset.rules.put(REJECTS, rejects);
    // Open connections are neither slowed down nor cut.
    String first = "ct state != new accept";
    ruleset.rules.put("output_rejects", List.of(first, exempt, "jump " + REJECTS));
    ruleset.rules.put("prerouting_rejects", List.of(first, "iifname @bridges jump " + REJECTS));
    ruleset.rules.put("output_redirects", List.of(exempt, "jump " + REDIRECTS));
    ruleset.rules.put("prerouting_redirects", List.of("iifname @bridges jump " + REDIRECTS));
    return ruleset;
  }

  private void addNameservers(
      Family family, DnsCapture dns, List<String> redirects, List<String> rejects) {
    List<String> addresses = new ArrayList<>();
    for (InetAddress address : dns.nameservers()) {
      if (family == Family.of(address)) {
        addresses.add(family.text(address));
      }
    }
    nameservers.put("dns" + family.digit(), addresses);
    if (!addresses.isEmpty()) {
      String match = TRANSPORT + family.destination() + " @dns" + family.digit() + " th dport 53 ";
      redirects.add(match + "redirect to :" + dns.port());
      rejects.add(match + PASS);
    }
  }

  /** One family's part of the two chains and its maps. */
  private static final class FamilyRules {
    private final Family family;
    private final List<String> redirects;
    private final List<String> rejects;
    private final HostElements hosts;

    FamilyRules(Ruleset ruleset, Family family, List<String> redirects, List<String> rejects) {
      this.family = family;
      this.redirects = redirects;
      this.rejects = rejects;
      this.hosts = new HostElements(family);
      hosts.addTo(ruleset.elements);
    }

    /** Says whether anything else than a single address is rejected. */
    boolean add(List<PortVerdicts> groups) {
      // Passes are needed only in front of a reject that comes later.
      int lastReject = -1;
      for (int i = 0; i < groups.size(); i++) {
        PortVerdicts group = groups.get(i);
        if (belongs(group) && !group.prefix.isHost() && group.rejects()) {
          lastReject = i;
        }
      }
      String address = family.destination() + " . meta l4proto";
      String port = address + " . th dport";
      redirects.add(TRANSPORT + "redirect to :" + port + " map @redirect_ports" + family.digit());
      rejects.add(TRANSPORT + port + " vmap @reject_ports" + family.digit());
      for (int i = 0; i < groups.size(); i++) {
        PortVerdicts group = groups.get(i);
        if (belongs(group) && group.prefix.isHost()) {
          boolean passes = i < lastReject || group.rejects();
          addListedRules(group, hosts.add(group, passes), passes);
        }
      }
      redirects.add(
          TRANSPORT + "redirect to :" + address + " map @redirect_addresses" + family.digit());
      rejects.add(TRANSPORT + address + " vmap @reject_addresses" + family.digit());
      for (int i = 0; i < groups.size(); i++) {
        PortVerdicts group = groups.get(i);
        if (belongs(group) && !group.prefix.isHost()) {
          addListedRules(group, group.listed, i <= lastReject);
          addRule(group, "meta l4proto " + group.protocol.lower(), group.others, i <= lastReject);
        }
      }
      return lastReject >= 0;
    }

    private boolean belongs(PortVerdicts group) {
      return group.prefix.isIpv6() == (family == Family.IPV6);
    }

    /** One rule per verdict: ranges do not overlap, so their order does not matter. */
    private void addListedRules(PortVerdicts group, List<Listed> listed, boolean passes) {
      Map<Integer, StringBuilder> ranges = new LinkedHashMap<>();
      for (Listed some : listed) {
        StringBuilder text = ranges.computeIfAbsent(some.verdict(), v -> new StringBuilder());
        text.append(text.isEmpty() ? "" : ", ").append(some.range());
      }
      String match = group.protocol.lower() + " dport { ";
      ranges.forEach((verdict, text) -> addRule(group, match + text + " }", verdict, passes));
    }

    private void addRule(PortVerdicts group, String match, int verdict, boolean passes) {
      if (verdict == PortVerdicts.NONE) {
        return;
      }
      Prefix prefix = group.prefix;
      String rule =
          family.destination()
              + " "
              + family.text(prefix.address())
              + (prefix.isHost() ? " " : "/" + prefix.length() + " ")
              + match
              + " ";
      if (verdict == PortVerdicts.REJECT) {
        rejects.add(rule + COUNTED + NO);
        return;
      }
      redirects.add(rule + COUNTED + "redirect to :" + verdict);
      if (passes) {
        rejects.add(rule + PASS);
      }
    }
  }
}
