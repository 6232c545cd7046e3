package io.teleproxy.plugin.perport;

import io.teleproxy.spi.AnsweredNames;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.UserException;
import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.spi.process.ProcessRunner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.pf4j.Extension;

/**
 * Intercepts without a firewall: the destinations become addresses of {@code lo}, and the core
 * listens at each of their ports. Used where nothing better applies.
 */
@Extension
public final class PerPortInterceptor implements Interceptor {
  /** Below every backend that redirects. */
  private static final int PRIORITY = 10;

  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  /** Each is a socket, of which many systems give a process 4,096 at most. */
  private static final int MOST_LISTENERS = 2048;

  /** Where a table leads all ports of an address. */
  private static final String USUAL_PORTS = "80,443,8080";

  private static final String SECTION = "plugins.per-port-fallback.";

  private static final int HIGHEST_SETTING = 50_000;

  /** Bit of CAP_NET_ADMIN in the masks of proc(5), capabilities(7). */
  private static final int NET_ADMIN = 12;

  private final CommandRunner runner;
  private final Path resolvConf;
  private final Path proc;

  /** For the plugin host. */
  public PerPortInterceptor() {
    this(new ProcessRunner(TIMEOUT), Path.of("/etc/resolv.conf"), Path.of("/proc"));
  }

  /**
   * @param runner runs commands where the addresses shall be
   */
  PerPortInterceptor(CommandRunner runner, Path resolvConf, Path proc) {
    this.runner = runner;
    this.resolvConf = resolvConf;
    this.proc = proc;
  }

  @Override
  public Probe probe(Environment environment) {
    if (!environment.os().equals("linux")) {
      return Probe.notApplicable("addresses are added as on Linux", "");
    }
    if (!environment.privileged()) {
      return Probe.notApplicable("addresses can be added by root only", "Run it with sudo.");
    }
    if (environment.executable("ip").isEmpty()) {
      return Probe.notApplicable("ip not found", "Install iproute2: apt install iproute2");
    }
    if (!mayChangeAddresses()) {
      return Probe.notApplicable(
          "this process may not change the network, although it is root's (CAP_NET_ADMIN)",
          "In a container: --cap-add NET_ADMIN.");
    }
    return Probe.applicable(
        PRIORITY,
        "no firewall: addresses on lo, "
            + limits(environment).most()
            + " listeners at most, nameserver "
            + AnsweredNames.SERVER.getHostAddress()
            + " in "
            + resolvConf);
  }

  /** Where it cannot be read, the attempt will tell. */
  private boolean mayChangeAddresses() {
    try {
      for (String line : Files.readAllLines(proc.resolve("self/status"))) {
        if (line.startsWith("CapEff:")) {
          return (Long.parseUnsignedLong(line.substring(7).strip(), 16) >> NET_ADMIN & 1) == 1;
        }
      }
    } catch (IOException | RuntimeException e) {
      return true;
    }
    return true;
  }

  @Override
  public int highestPriority() {
    return PRIORITY;
  }

  @Override
  public Set<Capability> capabilities() {
    EnumSet<Capability> capabilities =
        EnumSet.of(Capability.TCP, Capability.UDP, Capability.IPV4, Capability.REJECT);
    if (hasIpv6()) {
      capabilities.add(Capability.IPV6);
    }
    return Collections.unmodifiableSet(capabilities);
  }

  private boolean hasIpv6() {
    try {
      return Files.readString(proc.resolve("sys/net/ipv6/conf/lo/disable_ipv6"))
          .strip()
          .equals("0");
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public Optional<PortByPort> portByPort(Environment environment) {
    return Optional.of(limits(environment));
  }

  private static PortByPort limits(Environment environment) {
    int most = environment.settings().integer("most-listeners").orElse(MOST_LISTENERS);
    if (most < 1 || most > HIGHEST_SETTING) {
      throw new UserException(
          SECTION + "most-listeners: " + most + " (expected: 1-" + HIGHEST_SETTING + ")",
          "Correct it, or leave it out.");
    }
    String usual = environment.settings().string("usual-ports").orElse(USUAL_PORTS);
    try {
      return new PortByPort(most, Ports.parse(usual));
    } catch (IllegalArgumentException e) {
      throw new UserException(
          SECTION + "usual-ports: '" + usual + "' (expected: ports, as in 80,443)",
          "Correct it, or leave it out.",
          e);
    }
  }

  /** All that a dead run leaves is in the journal. */
  @Override
  public Iterable<String> recover(Environment environment) {
    return List.of();
  }

  @Override
  public Session open(Context context) {
    Environment environment = context.environment();
    String ip = path(environment, "ip", "Install iproute2: apt install iproute2");
    String shell = path(environment, "sh", "Install a POSIX shell.");
    return new PerPortSession(
        new LoopbackAddresses(runner, ip, shell, context.journal(), hasIpv6()),
        new ResolverFile(resolvConf, context.journal(), context::health));
  }

  private static String path(Environment environment, String program, String remedy) {
    return environment
        .executable(program)
        .map(Path::toString)
        .orElseThrow(
            () -> new UserException("per-port-fallback: " + program + " not found", remedy));
  }
}
