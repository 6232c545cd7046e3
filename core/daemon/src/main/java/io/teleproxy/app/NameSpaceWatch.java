package io.teleproxy.app;

import io.teleproxy.spi.Table;
import io.teleproxy.tables.Snapshot;
import io.teleproxy.tables.TableStore;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Notices when other zones or search domains give names another meaning; single records are
 * short-lived. Any thread.
 */
final class NameSpaceWatch {
  /** What decides which names are ours. */
  private record NameSpace(Set<String> zones, List<String> search) {
    static NameSpace of(Snapshot snapshot) {
      Set<String> zones = new HashSet<>();
      for (Table table : snapshot.tables()) {
        zones.addAll(table.zones());
      }
      return new NameSpace(zones, snapshot.search());
    }
  }

  private final TableStore tables;
  private final AtomicReference<NameSpace> seen;

  NameSpaceWatch(TableStore tables) {
    this.tables = tables;
    this.seen = new AtomicReference<>(NameSpace.of(tables.latest()));
  }

  /**
   * Follows the tables from now on.
   *
   * @param changed called when names mean something else than when this was made, or since the last
   *     call
   */
  void start(Runnable changed) {
    tables.listen(
        () -> {
          NameSpace now = NameSpace.of(tables.latest());
          if (!now.equals(seen.getAndSet(now))) {
            changed.run();
          }
        });
  }
}
