package io.teleproxy.plugin.kubernetes.watch;

import io.teleproxy.plugin.kubernetes.model.EndpointsView;
import io.teleproxy.plugin.kubernetes.model.LiveCluster;
import io.teleproxy.plugin.kubernetes.model.NamespaceView;
import io.teleproxy.plugin.kubernetes.model.NodeView;
import io.teleproxy.plugin.kubernetes.model.PodView;
import io.teleproxy.plugin.kubernetes.model.ServiceView;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The cluster's objects as they come in: what differs from what was known goes on, and only that.
 * Used by the session's thread only.
 */
final class ClusterStore {
  /** Hears of an object that is new, changed or gone. */
  @FunctionalInterface
  private interface Change<T> {
    void of(@Nullable T before, @Nullable T after);
  }

  /** The objects of one kind. */
  static final class Objects<T> {
    private final Map<String, T> byKey = new HashMap<>();
    private final Change<T> change;

    private Objects(Change<T> change) {
      this.change = change;
    }

    /** These are all there are now; says whether anything is different. */
    boolean replace(Map<String, T> objects) {
      List<String> gone = new ArrayList<>();
      for (String key : byKey.keySet()) {
        if (!objects.containsKey(key)) {
          gone.add(key);
        }
      }
      boolean different = !gone.isEmpty();
      for (String key : gone) {
        put(key, null);
      }
      for (Map.Entry<String, T> object : objects.entrySet()) {
        different |= put(object.getKey(), object.getValue());
      }
      return different;
    }

    /** Puts one, or removes it; says whether anything is different now. */
    boolean put(String key, @Nullable T object) {
      T before = object == null ? byKey.remove(key) : byKey.put(key, object);
      // Without a before there is nothing to compare: a start feels what linking equals() takes.
      if (before == null ? object == null : before.equals(object)) {
        return false;
      }
      change.of(before, object);
      return true;
    }

    int size() {
      return byKey.size();
    }
  }

  final LiveCluster cluster = new LiveCluster();
  final Objects<ServiceView> services = new Objects<>(cluster::service);
  final Objects<EndpointsView> endpoints = new Objects<>(cluster::endpoints);
  final Objects<PodView> pods = new Objects<>(cluster::pod);
  final Objects<NodeView> nodes = new Objects<>(cluster::node);
  final Objects<NamespaceView> namespaces = new Objects<>(cluster::namespace);
}
