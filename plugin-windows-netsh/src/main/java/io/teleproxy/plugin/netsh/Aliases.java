package io.teleproxy.plugin.netsh;

import io.teleproxy.spi.Journal;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The addresses that we have added to the loopback interface, each in the journal. Those that were
 * there before are used, and stay. For one thread.
 */
final class Aliases {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final long PAUSE_MILLIS = 50;

  private final Journal journal;
  private final WindowsFolder windows;
  private final Supplier<Set<InetAddress>> loopback;
  private final Map<InetAddress, Journal.Entry> ours = new TreeMap<>(Redirections.BY_BYTES);

  Aliases(Journal journal, WindowsFolder windows, Supplier<Set<InetAddress>> loopback) {
    this.journal = journal;
    this.windows = windows;
    this.loopback = loopback;
  }

  /** Notes what has to be added for these, and returns the commands that add it. */
  List<String> toAdd(Collection<InetAddress> wanted) throws IOException {
    Set<InetAddress> there = loopback.get();
    List<String> commands = new ArrayList<>();
    for (InetAddress address : wanted) {
      if (!there.contains(address)) {
        if (!ours.containsKey(address)) {
          ours.put(
              address,
              journal.note(
                  "address " + address.getHostAddress() + " of the loopback interface",
                  undo(Netsh.deleteAlias(address))));
        }
        commands.add(Netsh.addAlias(address));
      }
    }
    return commands;
  }

  /**
   * Status 0 also if it is not there any more: what netsh answers then is not documented, and an
   * active address is gone after the next restart at the latest.
   */
  private List<String> undo(String command) {
    return List.of(
        windows.program("cmd.exe"),
        "/d",
        "/c",
        windows.program("netsh.exe") + " " + command + " & exit /b 0");
  }

  /** Waits until all of these are usable. */
  void await(Collection<InetAddress> wanted) throws IOException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      Set<InetAddress> missing = new HashSet<>(wanted);
      missing.removeAll(loopback.get());
      if (missing.isEmpty()) {
        return;
      }
      if (System.nanoTime() > deadline) {
        throw new IOException(
            "the loopback interface did not take "
                + missing.size()
                + " addresses, among them "
                + missing.iterator().next().getHostAddress());
      }
      try {
        Thread.sleep(PAUSE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      }
    }
  }

  /** Removes all that we have added but these; several at once, since each takes a process. */
  void retain(Collection<InetAddress> wanted) throws IOException {
    List<InetAddress> gone = ours.keySet().stream().filter(one -> !wanted.contains(one)).toList();
    List<IOException> failures =
        gone.parallelStream().<IOException>mapMulti((one, failed) -> undo(one, failed)).toList();
    Set<InetAddress> there = failures.isEmpty() ? Set.of() : loopback.get();
    gone.stream().filter(one -> !there.contains(one)).forEach(ours::remove);
    if (!failures.isEmpty()) {
      IOException first = failures.get(0);
      failures.stream().skip(1).forEach(first::addSuppressed);
      throw first;
    }
  }

  private void undo(InetAddress address, Consumer<IOException> failed) {
    try {
      Journal.Entry entry = ours.get(address);
      if (entry != null) {
        entry.undo();
      }
    } catch (IOException e) {
      failed.accept(e);
    }
  }
}
