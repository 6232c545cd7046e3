package io.teleproxy.tables;

import io.teleproxy.spi.Table;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;

/**
 * The tables of this process. Any thread may change and read them.
 *
 * <p>There are two views: {@link #latest} is what has been published, {@link #visible} is what DNS
 * may tell. The reconciler moves the second after the firewall, so that a name never resolves to an
 * address that is not intercepted yet.
 */
public final class TableStore {
  private final Object changing = new Object();
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private volatile Snapshot latest = Snapshot.EMPTY;
  private volatile Snapshot visible = Snapshot.EMPTY;

  /** Everything published so far. */
  public Snapshot latest() {
    return latest;
  }

  /** What DNS answers from. */
  public Snapshot visible() {
    return visible;
  }

  /** Makes a snapshot that the firewall already carries out visible to DNS. */
  public void show(Snapshot applied) {
    visible = applied;
  }

  /** Adds or replaces these tables, all at once. */
  public void put(Collection<Table> tables) {
    change(snapshot -> snapshot.with(tables));
  }

  public void put(Table table) {
    put(List.of(table));
  }

  /** Changes a table; says whether there is one of that name. */
  public boolean patch(String name, TablePatch patch) {
    boolean[] found = new boolean[1];
    change(
        snapshot -> {
          Optional<Table> table = snapshot.table(name);
          found[0] = table.isPresent();
          return table.map(there -> snapshot.with(List.of(patch.applyTo(there)))).orElse(snapshot);
        });
    return found[0];
  }

  /** Removes a table; no effect if there is none of that name. */
  public void remove(String name) {
    change(snapshot -> snapshot.without(name));
  }

  /** Replaces the search path. */
  public void search(List<String> domains) {
    change(snapshot -> snapshot.withSearch(domains));
  }

  /** Calls back after every change, on the thread that made it; the listener only enqueues. */
  public void listen(Runnable listener) {
    listeners.add(listener);
  }

  private void change(UnaryOperator<Snapshot> change) {
    synchronized (changing) {
      latest = change.apply(latest);
    }
    listeners.forEach(Runnable::run);
  }
}
