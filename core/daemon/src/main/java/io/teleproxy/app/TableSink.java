package io.teleproxy.app;

import io.teleproxy.spi.Table;
import java.util.List;

/** Where watchers' tables go: the store of this process, or the API of another. Any thread. */
interface TableSink {
  /** Adds or replaces a table. */
  void put(Table table);

  void remove(String table);

  /** Replaces the search path. */
  void search(List<String> domains);
}
