package io.teleproxy.plugin.netsh;

import io.teleproxy.spi.Environment;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.UserException;
import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.spi.process.CommandRunner.Outcome;
import io.teleproxy.spi.process.ProcessRunner;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.pf4j.Extension;

/** Intercepts on Windows, with addresses of the loopback interface and the system's port proxy. */
@Extension
public final class NetshInterceptor implements Interceptor {
  private static final int PRIORITY = 100;

  /** PowerShell alone takes a second to start. */
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  /** Each is an entry of the port proxy, and a listener of ours. */
  private static final int MOST_ENTRIES = 4096;

  /** Where a table leads all ports of an address. */
  private static final Ports USUAL_PORTS = Ports.parse("80,443");

  /** The service that is the port proxy. */
  private static final String SERVICE = "iphlpsvc";

  /** {@code STATE : 4 RUNNING}; the words may be translated, the number is not. */
  private static final Pattern RUNNING = Pattern.compile(":\\s+4\\s");

  /** Where it exists, Windows reads rules for names from there only. */
  private static final String GROUP_POLICY =
      "HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\DNSClient\\DnsPolicyConfig";

  private final CommandRunner runner;
  private final Supplier<Set<InetAddress>> loopback;

  /** For the plugin host. */
  public NetshInterceptor() {
    this(new ProcessRunner(TIMEOUT), LoopbackInterface::addresses);
  }

  /**
   * @param loopback the addresses that the loopback interface has now
   */
  NetshInterceptor(CommandRunner runner, Supplier<Set<InetAddress>> loopback) {
    this.runner = runner;
    this.loopback = loopback;
  }

  @Override
  public Probe probe(Environment environment) {
    if (!environment.os().equals("windows")) {
      return Probe.notApplicable("netsh is part of Windows, this is " + environment.os(), "");
    }
    if (!environment.privileged()) {
      return Probe.notApplicable(
          "addresses and the port proxy may be changed by administrators only",
          "Run it in a terminal that was opened with 'Run as administrator'.");
    }
    WindowsFolder windows = WindowsFolder.of(environment);
    try {
      Outcome service = runner.run(List.of(windows.program("sc.exe"), "query", SERVICE));
      if (!service.ok() || !RUNNING.matcher(service.output()).find()) {
        return Probe.notApplicable(
            "the service " + SERVICE + " (IP Helper), which is the port proxy, does not run",
            "Start it: sc.exe config "
                + SERVICE
                + " start= auto, then sc.exe start "
                + SERVICE
                + ".");
      }
      boolean policy = runner.run(List.of(windows.program("reg.exe"), "query", GROUP_POLICY)).ok();
      return Probe.applicable(
          PRIORITY,
          "port proxy"
              + (policy ? ", names by address only: a group policy rules name resolution" : ""));
    } catch (IOException e) {
      return Probe.notApplicable(
          "the system's programs do not start: " + e.getMessage(), "Is SystemRoot set rightly?");
    }
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.copyOf(
        EnumSet.of(
            Capability.TCP,
            Capability.UDP,
            Capability.IPV4,
            Capability.IPV6,
            Capability.ORIGINAL_DESTINATION,
            Capability.REJECT));
  }

  @Override
  public Optional<PortByPort> portByPort(Environment environment) {
    return Optional.of(new PortByPort(MOST_ENTRIES, USUAL_PORTS));
  }

  /**
   * Entries of the port proxy that lead where only ours do, and rules for names with our mark.
   * Addresses and suffixes have no mark: they are in the journal.
   */
  @Override
  public Iterable<String> recover(Environment environment) throws IOException {
    if (!environment.privileged()) {
      throw new UserException(
          "windows-netsh: it takes an administrator to see and remove what was left",
          "Run it in a terminal that was opened with 'Run as administrator'.");
    }
    WindowsFolder windows = WindowsFolder.of(environment);
    Netsh netsh = new Netsh(runner, windows);
    List<InetSocketAddress> left = ours(netsh);
    netsh.run(left.stream().map(Netsh::deleteEntry).toList());
    List<InetSocketAddress> stuck = left.isEmpty() ? left : ours(netsh);
    if (!stuck.isEmpty()) {
      throw new IOException("port proxy entries that cannot be deleted: " + stuck);
    }
    List<String> removed = new ArrayList<>();
    left.forEach(from -> removed.add("port proxy entry " + from));
    int rules = new NamePolicy(runner, windows).remove();
    if (rules > 0) {
      removed.add(rules + " rules of the name resolution policy table");
    }
    return List.copyOf(removed);
  }

  private static List<InetSocketAddress> ours(Netsh netsh) throws IOException {
    List<InetSocketAddress> ours = new ArrayList<>();
    netsh
        .entries()
        .forEach(
            (from, to) -> {
              if (Arrivals.isOurs(from, to)) {
                ours.add(from);
              }
            });
    return ours;
  }

  @Override
  public Session open(Context context) {
    WindowsFolder windows = WindowsFolder.of(context.environment());
    try {
      return new NetshSession(
          new Netsh(runner, windows),
          new Aliases(context.journal(), windows, loopback),
          new Names(new NamePolicy(runner, windows), context.journal()),
          new DatagramRelay());
    } catch (IOException e) {
      throw new UserException(
          "windows-netsh: no sockets can be watched: " + e.getMessage(), "Restart Windows.", e);
    }
  }
}
