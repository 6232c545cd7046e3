package io.teleproxy.plugin.iptables;

import io.teleproxy.plugin.netfilter.KnownFlows;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.UserException;
import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.spi.process.ProcessRunner;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.pf4j.Extension;

/** Intercepts with iptables and ip6tables, in the nf_tables or the legacy variant. */
@Extension
public final class IptablesInterceptor implements Interceptor {
  /** How long conntrack(8) may take. */
  private static final Duration CONNTRACK_TIMEOUT = Duration.ofSeconds(2);

  /** How long ipset(8) may take. */
  private static final Duration IPSET_TIMEOUT = Duration.ofSeconds(10);

  /**
   * With how many destinations rules name sets. A rule costs a new connection a hundredth of a
   * microsecond; but who restores rules that he saved while we ran gets an error if they name sets
   * that are gone, and then none of his own rules either.
   */
  private static final int SETS_FROM = 500;

  private final Function<Duration, CommandRunner> runners;

  /** Puts the watchdog where it shall run; null if there is to be none. */
  private final @Nullable UnaryOperator<List<String>> enter;

  private final Path net;

  /** What the last probe found, so that nothing is looked for twice. */
  private volatile @Nullable Tools found;

  /** For the plugin host. */
  public IptablesInterceptor() {
    this(ProcessRunner::new, UnaryOperator.identity(), Path.of("/proc/net"));
  }

  /**
   * Without anybody who mends or undoes rules.
   *
   * @param runners makes a runner of commands from the time that one may take
   */
  IptablesInterceptor(Function<Duration, CommandRunner> runners) {
    this(runners, null, Path.of("/nowhere"));
  }

  /**
   * In another namespace.
   *
   * @param enter puts a command there
   * @param net its {@code /proc/net}
   */
  IptablesInterceptor(
      Function<Duration, CommandRunner> runners,
      @Nullable UnaryOperator<List<String>> enter,
      Path net) {
    this.runners = runners;
    this.enter = enter;
    this.net = net;
  }

  @Override
  public Probe probe(Environment environment) {
    return tools(environment).probe();
  }

  @Override
  public int highestPriority() {
    return Tools.PRIORITY;
  }

  /** Without IPv6 if the last probe found it unusable. */
  @Override
  public Set<Capability> capabilities() {
    EnumSet<Capability> capabilities = EnumSet.complementOf(EnumSet.of(Capability.OWNER_CLEANUP));
    Tools tools = found;
    if (tools != null && !tools.hasIpv6()) {
      capabilities.remove(Capability.IPV6);
    }
    return Collections.unmodifiableSet(capabilities);
  }

  @Override
  public Iterable<String> recover(Environment environment) throws IOException {
    if (!environment.privileged()) {
      throw new UserException(
          "linux-iptables: firewall rules can be seen and removed by root only",
          "Run it with sudo.");
    }
    List<String> removed = new ArrayList<>();
    List<IOException> failures = new ArrayList<>();
    for (Xtables xtables : Tools.installed(environment, runners)) {
      try {
        removed.addAll(new FamilyFirewall(xtables).removeAll());
      } catch (IOException e) {
        failures.add(e);
      }
    }
    for (Family family : Family.values()) {
      Optional<IpSets> sets = sets(environment, family);
      try {
        if (sets.isPresent()) {
          removed.addAll(sets.get().removeAll());
        }
      } catch (IOException e) {
        failures.add(e);
      }
    }
    if (!failures.isEmpty()) {
      IOException first = failures.get(0);
      failures.stream().skip(1).forEach(first::addSuppressed);
      throw first;
    }
    return List.copyOf(removed);
  }

  @Override
  public Session open(Context context) {
    Tools tools = found != null ? found : tools(context.environment());
    if (tools.probe() instanceof Probe.NotApplicable not) {
      throw new UserException("linux-iptables: " + not.reason(), not.remedy());
    }
    String conntrack = context.environment().executable("conntrack").map(Path::toString).orElse("");
    IptablesSession session =
        new IptablesSession(
            tools.usable().stream()
                .map(
                    xtables ->
                        new FamilyFirewall(xtables, sets(context.environment(), xtables.family())))
                .toList(),
            new KnownFlows(runners.apply(CONNTRACK_TIMEOUT), conntrack),
            context.exemptGid(),
            context.environment().settings().integer("sets-from", SETS_FROM),
            protection(context.environment(), tools, conntrack));
    context.packetFilterChanges(session::mend);
    return session;
  }

  private Optional<IpSets> sets(Environment environment, Family family) {
    return environment
        .executable("ipset")
        .map(path -> new IpSets(path.toString(), runners.apply(IPSET_TIMEOUT), family));
  }

  private IptablesSession.Protection protection(
      Environment environment, Tools tools, String conntrack) {
    if (enter == null) {
      return IptablesSession.Protection.NONE;
    }
    Optional<Path> setsid = environment.executable("setsid");
    String ipset = environment.executable("ipset").map(Path::toString).orElse("");
    return new IptablesSession.Protection(
        setsid.map(
            path -> new Watchdog.Kit(enter, path.toString(), conntrack, ipset, tools.usable())),
        tools.expiring() ? Optional.of(new RecentList(net)) : Optional.empty());
  }

  private Tools tools(Environment environment) {
    Tools tools = Tools.probe(environment, runners);
    found = tools;
    return tools;
  }
}
