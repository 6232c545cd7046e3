package io.teleproxy.plugin.nftables;

import static io.teleproxy.plugin.nftables.NftScript.TABLE;

import io.teleproxy.plugin.netfilter.KnownFlows;
import io.teleproxy.spi.Environment;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.InterceptPlan.DnsCapture;
import io.teleproxy.spi.InterceptPlan.Match;
import io.teleproxy.spi.InterceptPlan.Redirect;
import io.teleproxy.spi.InterceptPlan.Reject;
import io.teleproxy.spi.Interceptor;
import io.teleproxy.spi.Ports;
import io.teleproxy.spi.Prefix;
import io.teleproxy.spi.Probe;
import io.teleproxy.spi.Protocol;
import io.teleproxy.spi.UserException;
import io.teleproxy.spi.process.CommandRunner;
import io.teleproxy.spi.process.ProcessRunner;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import org.pf4j.Extension;

/** Intercepts with nf_tables, in one table that the kernel removes when we end. */
@Extension
public final class NftablesInterceptor implements Interceptor {
  /** What keeps even root from it. */
  private static final String FORBIDDEN =
      "In a container, it takes CAP_NET_ADMIN (--cap-add NET_ADMIN); else look whether its file"
          + " system is mounted with noexec, and what a security module has denied: journalctl -k"
          + " --grep denied.";

  private static final int PRIORITY = 200;

  /** How long conntrack(8) may take. */
  private static final Duration SHORT = Duration.ofSeconds(2);

  /** How long the kernel may need to remove the table of a process that was killed just now. */
  private static final long DYING_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final UnaryOperator<List<String>> enter;

  /** For the plugin host. */
  public NftablesInterceptor() {
    this(UnaryOperator.identity());
  }

  /**
   * @param enter puts a command into the namespace where it shall run
   */
  NftablesInterceptor(UnaryOperator<List<String>> enter) {
    this.enter = enter;
  }

  /**
   * Tries a table of all that we ever need, under a name of its own: {@code nft -c} does not ask
   * the kernel everything. It matches addresses that nobody has (RFC 5737, RFC 3849).
   */
  @Override
  public Probe probe(Environment environment) {
    if (!environment.os().equals("linux")) {
      return Probe.notApplicable("nftables is part of Linux", "");
    }
    if (!environment.privileged()) {
      return Probe.notApplicable("nftables can be changed by root only", "Run it with sudo.");
    }
    Optional<NftCommand> command = NftCommand.find(environment, enter);
    if (command.isEmpty()) {
      return environment
          .forbidden("nft")
          .map(nft -> Probe.notApplicable(nft + " may not be executed", FORBIDDEN))
          .orElse(Probe.notApplicable("nft not found", "Install nftables: apt install nftables"));
    }
    String table = TABLE + "-probe-" + ProcessHandle.current().pid();
    try (NftShell owner = OwnedTable.declare(command.get()::start, table)) {
      OwnedTable.fill(owner, table, Ruleset.of(sample(), 1));
      return Probe.applicable(PRIORITY, command.get().version() + ", flags owner");
    } catch (IOException e) {
      String why = String.valueOf(e.getMessage());
      if (why.contains("not permitted") || why.contains("Permission denied")) {
        return Probe.notApplicable(why, FORBIDDEN);
      }
      return Probe.notApplicable(
          why,
          "It needs nftables 1.0 and Linux 5.12 with nf_tables, nat and conntrack:"
              + " modprobe nf_tables nft_redir");
    }
  }

  @Override
  public int highestPriority() {
    return PRIORITY;
  }

  @Override
  public Set<Capability> capabilities() {
    return EnumSet.allOf(Capability.class);
  }

  /** By design nothing can be left; what lies there without an owner was made by hand. */
  @Override
  public Iterable<String> recover(Environment environment) throws IOException {
    if (!environment.privileged()) {
      throw new UserException(
          "linux-nftables: tables can be seen and removed by root only", "Run it with sudo.");
    }
    Optional<NftCommand> command = NftCommand.find(environment, enter);
    if (command.isEmpty()) {
      return List.of();
    }
    try (NftShell shell = command.get().start()) {
      long deadline = System.nanoTime() + DYING_NANOS;
      while (there(shell)) {
        try {
          shell.run(NftScript.remove(TABLE).statements());
          return List.of("nftables: table inet " + TABLE);
        } catch (IOException e) {
          if (System.nanoTime() > deadline && there(shell)) {
            throw new IOException(
                "table inet " + TABLE + " belongs to a running process: " + e.getMessage(), e);
          }
          LockSupport.parkNanos(PAUSE_NANOS);
        }
      }
    }
    return List.of();
  }

  @Override
  public Session open(Context context) {
    NftCommand command =
        NftCommand.find(context.environment(), enter)
            .orElseThrow(
                () ->
                    new UserException(
                        "linux-nftables: nft not found", "Install nftables: apt install nftables"));
    String conntrack = context.environment().executable("conntrack").map(Path::toString).orElse("");
    CommandRunner runner = new ProcessRunner(SHORT);
    KnownFlows flows =
        new KnownFlows((line, input) -> runner.run(enter.apply(line), input), conntrack);
    NftablesSession session =
        new NftablesSession(
            command::startForTraffic, command::startForReading, flows, context.exemptGid());
    session.prepare();
    return session;
  }

  /** A kernel without nf_tables has no table of ours. */
  private static boolean there(NftShell shell) {
    try {
      return shell.run(List.of("list tables")).contains("table inet " + TABLE);
    } catch (IOException e) {
      return false;
    }
  }

  private static InterceptPlan sample() {
    Prefix four = Prefix.parse("192.0.2.1");
    Prefix six = Prefix.parse("2001:db8::/64");
    return InterceptPlan.of(
        List.of(
            new Redirect(new Match(Protocol.TCP, four, Ports.of(9)), 9),
            new Reject(new Match(Protocol.TCP, four, Ports.ALL)),
            new Redirect(new Match(Protocol.UDP, six, Ports.of(9)), 9)),
        new DnsCapture(List.of(four.address()), 9),
        List.of());
  }
}
