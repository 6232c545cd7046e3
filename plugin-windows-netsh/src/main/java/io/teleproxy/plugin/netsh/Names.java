package io.teleproxy.plugin.netsh;

import io.teleproxy.spi.AnsweredNames;
import io.teleproxy.spi.Journal;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the system's resolver is told, and told again when it is over. For one thread. */
final class Names {
  /**
   * The address at which our DNS server is asked. No port can be told, and 53 of 127.0.0.1 may be
   * somebody else's.
   */
  static final InetAddress SERVER = AnsweredNames.SERVER;

  private final NamePolicy policy;
  private final Journal journal;
  private AnsweredNames told = AnsweredNames.NONE;

  /** The suffixes as they were before us; null while they still are. */
  private @Nullable List<String> before;

  private Journal.@Nullable Entry suffixes;

  Names(NamePolicy policy, Journal journal) {
    this.policy = policy;
    this.journal = journal;
  }

  void tell(AnsweredNames names) throws IOException {
    if (names.equals(told)) {
      return;
    }
    policy.set(names, SERVER.getHostAddress());
    if (!names.search().equals(told.search())) {
      complete(names.search());
    }
    told = names;
  }

  private void complete(List<String> search) throws IOException {
    List<String> others = before;
    if (others == null) {
      others = policy.suffixes();
      suffixes =
          journal.note(
              "suffix search list of the machine, which was " + others,
              policy.suffixesBack(others));
      before = others;
    }
    Set<String> all = new LinkedHashSet<>(search);
    all.addAll(others);
    policy.setSuffixes(new ArrayList<>(all));
  }

  /** As it was before us, each in spite of the other's failure. */
  void untell() throws IOException {
    IOException failure = null;
    if (!told.equals(AnsweredNames.NONE)) {
      try {
        policy.remove();
        told = AnsweredNames.NONE;
      } catch (IOException e) {
        failure = e;
      }
    }
    if (suffixes != null) {
      try {
        suffixes.undo();
        suffixes = null;
        before = null;
      } catch (IOException e) {
        if (failure != null) {
          e.addSuppressed(failure);
        }
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
