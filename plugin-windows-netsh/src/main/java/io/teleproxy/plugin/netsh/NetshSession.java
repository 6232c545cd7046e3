package io.teleproxy.plugin.netsh;

import io.teleproxy.spi.AnsweredNames;
import io.teleproxy.spi.InterceptPlan;
import io.teleproxy.spi.Interceptor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run's hold on the machine. {@code apply}, {@code names} and {@code close} are for one thread;
 * {@code originalDestination} reads what is safe to read.
 */
final class NetshSession implements Interceptor.Session {
  private static final Logger log = LoggerFactory.getLogger(NetshSession.class);

  private final Netsh netsh;
  private final Aliases aliases;
  private final Names names;
  private final DatagramRelay relay;
  private final Arrivals arrivals = new Arrivals();
  private InterceptPlan plan = InterceptPlan.EMPTY;
  private Redirections applied = Redirections.NONE;

  NetshSession(Netsh netsh, Aliases aliases, Names names, DatagramRelay relay) {
    this.netsh = netsh;
    this.aliases = aliases;
    this.names = names;
    this.relay = relay;
  }

  @Override
  public void apply(InterceptPlan next) throws IOException {
    if (next.equals(plan)) {
      return;
    }
    Redirections wanted = Redirections.of(next, arrivals);
    try {
      make(wanted);
    } catch (IOException e) {
      rollBack(e);
      throw e;
    }
    plan = next;
    if (wanted.left() != applied.left()) {
      log.warn(
          "windows-netsh: {} rules are not carried out: Windows redirects single addresses and listed"
              + " ports only",
          wanted.left());
    }
    applied = wanted;
    if (next.isEmpty()) {
      names.untell();
    }
  }

  /** Addresses first, then who listens on them; away the other way round. */
  private void make(Redirections wanted) throws IOException {
    SortedMap<InetSocketAddress, InetSocketAddress> there = netsh.entries();
    List<String> commands = new ArrayList<>();
    for (InetSocketAddress from : wanted.connections().keySet()) {
      InetSocketAddress to = there.get(from);
      if (to != null && !Arrivals.isOurs(from, to)) {
        throw new IOException(
            "the port proxy has an entry of somebody else's for " + from + ", to " + to);
      }
    }
    for (InetSocketAddress from : surplus(there, wanted)) {
      commands.add(Netsh.deleteEntry(from));
    }
    commands.addAll(aliases.toAdd(wanted.aliases()));
    wanted
        .connections()
        .forEach(
            (from, to) -> {
              if (!to.equals(there.get(from))) {
                commands.add(Netsh.addEntry(from, to));
              }
            });
    if (!commands.isEmpty()) {
      netsh.run(commands);
      check(wanted);
      aliases.await(wanted.aliases());
    }
    relay.set(wanted.datagrams());
    aliases.retain(wanted.aliases());
  }

  private void check(Redirections wanted) throws IOException {
    SortedMap<InetSocketAddress, InetSocketAddress> now = netsh.entries();
    for (Map.Entry<InetSocketAddress, InetSocketAddress> entry : wanted.connections().entrySet()) {
      if (!entry.getValue().equals(now.get(entry.getKey()))) {
        throw new IOException("the port proxy did not take the entry for " + entry.getKey());
      }
    }
    for (InetSocketAddress from : surplus(now, wanted)) {
      throw new IOException("the port proxy did not give up the entry for " + from);
    }
  }

  /** Entries of ours that are not wanted: nobody else may have any, there is one run at a time. */
  private static List<InetSocketAddress> surplus(
      SortedMap<InetSocketAddress, InetSocketAddress> there, Redirections wanted) {
    return there.keySet().stream()
        .filter(from -> !wanted.connections().containsKey(from))
        .filter(from -> Arrivals.isOurs(from, there.getOrDefault(from, from)))
        .toList();
  }

  private void rollBack(IOException cause) {
    Redirections before = Redirections.of(plan, arrivals);
    try {
      make(before);
      applied = before;
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  @Override
  public void names(AnsweredNames answered) throws IOException {
    names.tell(answered);
  }

  @Override
  public Set<InetAddress> arrivals() {
    return arrivals.addresses();
  }

  /** Our end tells: each destination has an address of its own there. */
  @Override
  public Optional<InetSocketAddress> originalDestination(
      Interceptor.AcceptedConnection connection) {
    return arrivals.destination(connection.local().getAddress());
  }

  @Override
  public void close() throws IOException {
    List<IOException> failures = new ArrayList<>();
    step(names::untell, failures);
    step(() -> make(Redirections.NONE), failures);
    step(() -> aliases.retain(Set.of()), failures);
    relay.close();
    if (!failures.isEmpty()) {
      IOException first = failures.get(0);
      failures.stream().skip(1).forEach(first::addSuppressed);
      throw first;
    }
    if (!applied.equals(Redirections.NONE)) {
      log.info("windows-netsh: removed everything");
    }
    applied = Redirections.NONE;
  }

  private interface Step {
    void run() throws IOException;
  }

  private static void step(Step step, List<IOException> failures) {
    try {
      step.run();
    } catch (IOException e) {
      failures.add(e);
    }
  }
}
