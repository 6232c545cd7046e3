package io.teleproxy.app;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The search path that several watchers make together: each has a share of it, one after another in
 * the order in which they got theirs, whoever speaks first. Thread-safe.
 */
final class SearchPath {
  private final Consumer<List<String>> whole;

  // guarded by this
  private final List<List<String>> shares = new ArrayList<>();

  /**
   * @param whole gets the whole path whenever a share has changed
   */
  SearchPath(Consumer<List<String>> whole) {
    this.whole = whole;
  }

  /** A share behind those that are there. */
  synchronized Consumer<List<String>> share() {
    int index = shares.size();
    shares.add(List.of());
    return domains -> set(index, domains);
  }

  private synchronized void set(int index, List<String> domains) {
    shares.set(index, List.copyOf(domains));
    whole.accept(shares.stream().flatMap(List::stream).distinct().toList());
  }
}
