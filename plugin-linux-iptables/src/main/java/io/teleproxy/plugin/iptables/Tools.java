package io.teleproxy.plugin.iptables;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.spi.process.CommandRunner.Outcome;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * What this machine has for us: the tools of the families that work, and the probe that says so.
 *
 * @param usable empty if the probe is not applicable; IPv4 first
 * @param expiring whether rules can stop matching by themselves (xt_recent)
 */
record Tools(List<Xtables> usable, boolean expiring, Probe probe) {
  static final int PRIORITY = 100;
  private static final String INSTALL = "Install iptables: apt install iptables";

  /** What keeps even root from it. */
  private static final String FORBIDDEN =
      "In a container, it takes CAP_NET_ADMIN (--cap-add NET_ADMIN); else look whether its file"
          + " system is mounted with noexec, and what a security module has denied: journalctl -k"
          + " --grep denied.";

  private static final Duration LOCK_WAIT = Duration.ofSeconds(5);

  /** What a command may take beyond its wait for the lock. */
  private static final Duration WORK = Duration.ofSeconds(10);

  /** The variants by name; the plain name is what the distribution has chosen. */
  private static final Set<String> VARIANTS = Set.of("iptables", "iptables-nft", "iptables-legacy");

  /** All that our scripts use of tools and kernel, in chains that are never made. */
  private static final String SAMPLE =
      """
      *nat
      :TELEPROXY-PROBE - [0:0]
      -A TELEPROXY-PROBE -m owner --gid-owner 0 -j RETURN
      -A TELEPROXY-PROBE -p tcp -m multiport --dports 1,2 -j REDIRECT --to-ports 1
      COMMIT
      *filter
      :TELEPROXY-PROBE - [0:0]
      -A TELEPROXY-PROBE -m owner --gid-owner 0 -j RETURN
      -A TELEPROXY-PROBE -m conntrack --ctstate DNAT -j RETURN
      -A TELEPROXY-PROBE -p tcp -m tcp --dport 1 -j REJECT --reject-with tcp-reset
      -A TELEPROXY-PROBE -p udp -m udp --dport 1 -j REJECT --reject-with %s
      COMMIT
      """;

  private static final String EXPIRING =
      """
      *nat
      :TELEPROXY-PROBE - [0:0]
      -A TELEPROXY-PROBE -p udp -m udp --dport 1 %s-j REDIRECT --to-ports 1
      COMMIT
      """;

  static Tools probe(Environment environment, Function<Duration, CommandRunner> runners) {
    if (!environment.os().equals("linux")) {
      return none("iptables is part of Linux, this is " + environment.os(), "");
    }
    if (!environment.privileged()) {
      return none("the firewall may be changed by root only", "Run it with sudo.");
    }
    String variant = environment.settings().string("command", "iptables");
    if (!VARIANTS.contains(variant)) {
      return none(
          "plugins.linux-iptables.command: '"
              + variant
              + "' (expected: iptables, iptables-nft or iptables-legacy)",
          "Correct it in the configuration, or leave it out.");
    }
    Optional<Xtables> ipv4 = find(environment, Family.IPV4, variant, runners);
    if (ipv4.isEmpty()) {
      Optional<Path> forbidden = environment.forbidden(variant);
      if (forbidden.isPresent()) {
        return none(forbidden.get() + " may not be executed", FORBIDDEN);
      }
      return none(variant + ", " + variant + "-save or " + variant + "-restore not found", INSTALL);
    }
    Optional<Xtables> ipv6 = find(environment, Family.IPV6, variant, runners);
    CompletableFuture<Optional<String>> ipv6Probe =
        CompletableFuture.supplyAsync(
            () -> ipv6.isEmpty() ? Optional.of("its tools were not found") : fault(ipv6.get()));
    Optional<String> ipv4Fault = fault(ipv4.get());
    if (ipv4Fault.isPresent()) {
      return none(
          ipv4Fault.get(),
          ipv4Fault.get().contains("Permission denied")
              ? FORBIDDEN
              : "Load the kernel's NAT modules, or choose the other variant with"
                  + " plugins.linux-iptables.command = iptables-legacy or iptables-nft.");
    }
    List<Xtables> usable = new ArrayList<>(List.of(ipv4.get()));
    Optional<String> ipv6Fault = ipv6Probe.join();
    if (ipv6Fault.isEmpty()) {
      ipv6.ifPresent(usable::add);
    }
    boolean expiring = expiring(usable);
    String detail =
        version(ipv4.get())
            + (expiring ? "" : ", without xt_recent")
            + ipv6Fault.map(why -> ", without IPv6: " + why).orElse("");
    return new Tools(List.copyOf(usable), expiring, Probe.applicable(PRIORITY, detail));
  }

  /**
   * The tools of every variant that is installed, for removing what any run may have left, whatever
   * was configured then.
   */
  static List<Xtables> installed(
      Environment environment, Function<Duration, CommandRunner> runners) {
    List<Xtables> installed = new ArrayList<>();
    for (Family family : Family.values()) {
      int before = installed.size();
      find(environment, family, "iptables-nft", runners).ifPresent(installed::add);
      find(environment, family, "iptables-legacy", runners).ifPresent(installed::add);
      if (installed.size() == before) {
        find(environment, family, "iptables", runners).ifPresent(installed::add);
      }
    }
    return List.copyOf(installed);
  }

  boolean hasIpv6() {
    return usable.size() > 1;
  }

  private static Tools none(String reason, String remedy) {
    return new Tools(List.of(), false, Probe.notApplicable(reason, remedy));
  }

  private static Optional<Xtables> find(
      Environment environment,
      Family family,
      String variant,
      Function<Duration, CommandRunner> runners) {
    Duration lockWait = environment.settings().duration("lock-wait", LOCK_WAIT);
    int seconds = (int) Math.max(1, lockWait.toSeconds());
    CommandRunner runner = runners.apply(WORK.plusSeconds(seconds));
    return Xtables.find(family, variant, seconds, environment::executable, runner);
  }

  private static boolean expiring(List<Xtables> usable) {
    try {
      for (Xtables xtables : usable) {
        if (!xtables.test(EXPIRING.formatted(RecentList.match(xtables.family()))).ok()) {
          return false;
        }
      }
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Why these tools do not work here. */
  private static Optional<String> fault(Xtables xtables) {
    try {
      Outcome nat = xtables.run("-t", TableRules.NAT, "-S", "OUTPUT");
      if (!nat.ok()) {
        return Optional.of(xtables.name() + " -t nat -S failed: " + nat.complaint());
      }
      xtables.read();
      Outcome sample = xtables.test(SAMPLE.formatted(xtables.family().udpReject()));
      return sample.ok()
          ? Optional.empty()
          : Optional.of(xtables.name() + "-restore --test failed: " + sample.complaint());
    } catch (IOException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  /** {@code iptables v1.8.9 (nf_tables)}. */
  private static String version(Xtables xtables) {
    try {
      return xtables.run("-V").output().trim();
    } catch (IOException e) {
      return xtables.name();
    }
  }
}
