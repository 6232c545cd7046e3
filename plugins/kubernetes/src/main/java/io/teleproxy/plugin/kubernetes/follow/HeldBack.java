package io.teleproxy.plugin.kubernetes.follow;

import io.teleproxy.spi.Health;
import io.teleproxy.spi.Table;
import io.teleproxy.spi.Watcher;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a watch has said last while nobody was to hear it. Thread-safe. */
final class HeldBack {
  private @Nullable Table table;
  private @Nullable List<String> search;
  private @Nullable Health health;
  private Map<String, String> details = Map.of();

  synchronized void table(Table latest) {
    table = latest;
  }

  synchronized void search(List<String> latest) {
    search = latest;
  }

  synchronized void details(Map<String, String> latest) {
    details = latest;
  }

  synchronized void health(Health latest) {
    health = latest;
  }

  /** Says all of it. */
  synchronized void release(Watcher.Context to) {
    if (table != null) {
      to.publish(table);
    }
    if (search != null) {
      to.search(search);
    }
    to.details(details);
    tellHealth(to);
  }

  synchronized void tellHealth(Watcher.Context to) {
    if (health != null) {
      to.health(health);
    }
  }
}
