package io.teleproxy.plugin.kubernetes.watch;

import io.teleproxy.plugin.kubernetes.model.ClusterSnapshot;
import io.teleproxy.plugin.kubernetes.model.EndpointsView;
import io.teleproxy.plugin.kubernetes.model.NodeView;
import io.teleproxy.plugin.kubernetes.model.PodView;
import io.teleproxy.plugin.kubernetes.model.ServiceView;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The cluster's objects as they come in. Used by the session's thread only. */
final class ClusterStore {
  /** The objects of one kind. */
  static final class Objects<T> {
    private Map<String, T> byKey = new HashMap<>();

    /** Replaces all; says whether anything is different now. */
    boolean replace(Map<String, T> objects) {
      boolean different = !byKey.equals(objects);
      byKey = objects;
      return different;
    }

    /** Puts one, or removes it; says whether anything is different now. */
    boolean put(String key, @Nullable T object) {
      if (object == null) {
        return byKey.remove(key) != null;
      }
      return !object.equals(byKey.put(key, object));
    }

    int size() {
      return byKey.size();
    }
  }

  final Objects<ServiceView> services = new Objects<>();
  final Objects<EndpointsView> endpoints = new Objects<>();
  final Objects<PodView> pods = new Objects<>();
  final Objects<NodeView> nodes = new Objects<>();

  ClusterSnapshot snapshot() {
    return ClusterSnapshot.of(
        services.byKey.values(),
        endpoints.byKey.values(),
        pods.byKey.values(),
        nodes.byKey.values());
  }
}
