package io.teleproxy.app;

import io.teleproxy.spi.Table;
import io.teleproxy.tables.TableStore;
import java.util.List;

/** Tables go to the store of this process. */
record LocalTables(TableStore store) implements TableSink {
  @Override
  public void put(Table table) {
    store.put(table);
  }

  @Override
  public void remove(String table) {
    store.remove(table);
  }

  @Override
  public void search(List<String> domains) {
    store.search(domains);
  }
}
