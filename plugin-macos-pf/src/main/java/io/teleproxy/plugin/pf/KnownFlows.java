package io.teleproxy.plugin.pf;

import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.Rule;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Protocol;
import java.io.IOException;
import java.net.InetAddress;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets pf forget the flows of datagrams about which a new plan says something else: the rules
 * decide about the first packet only, and a program that keeps its socket would stay on its old way
 * for up to a minute.
 */
final class KnownFlows {
  private static final Logger log = LoggerFactory.getLogger(KnownFlows.class);

  /** Each costs a start of pfctl. Beyond, flows expire by themselves. */
  private static final int MOST = 64;

  private KnownFlows() {}

  /** To be called when the new plan is in force. */
  static void forget(Pfctl pf, InterceptPlan before, InterceptPlan after) {
    Set<Prefix> changed = new LinkedHashSet<>();
    if (!before.dns().equals(after.dns())) {
      for (InterceptPlan plan : List.of(before, after)) {
        for (InetAddress nameserver : plan.dns().nameservers()) {
          changed.add(Prefix.of(nameserver));
        }
      }
    }
    before
        .byDestination()
        .differences(
            after.byDestination(),
            (to, old, now) -> {
              if (carriesDatagrams(old) || carriesDatagrams(now)) {
                changed.add(to);
              }
            });
    if (changed.size() > MOST) {
      log.debug("macos-pf: {} destinations changed; their flows expire", changed.size());
      return;
    }
    for (Prefix to : changed) {
      try {
        pf.forget(to.toString(), to.isIpv6());
      } catch (IOException e) {
        log.debug("macos-pf: flows to {} stay: {}", to, e.getMessage());
      }
    }
  }

  private static boolean carriesDatagrams(@Nullable List<Rule> rules) {
    return rules != null
        && rules.stream().anyMatch(rule -> rule.match().protocol() == Protocol.UDP);
  }
}
