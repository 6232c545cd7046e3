package io.teleproxy.plugin.kubernetes.watch;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.plugin.kubernetes.model.ClusterSnapshot;
import io.teleproxy.plugin.kubernetes.model.EndpointsView;
import io.teleproxy.plugin.kubernetes.model.Json;
import io.teleproxy.plugin.kubernetes.model.NamespaceView;
import io.teleproxy.plugin.kubernetes.model.NodeView;
import io.teleproxy.plugin.kubernetes.model.PodView;
import io.teleproxy.plugin.kubernetes.model.ServiceView;
import io.teleproxy.plugin.kubernetes.table.ClusterTable;
import io.teleproxy.spi.Table;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClusterStoreTest {
  private final Map<String, ServiceView> services = new HashMap<>();
  private final Map<String, EndpointsView> endpoints = new HashMap<>();
  private final Map<String, PodView> pods = new HashMap<>();
  private final Map<String, NodeView> nodes = new HashMap<>();
  private final Map<String, NamespaceView> namespaces = new HashMap<>();
  private final ClusterStore store = new ClusterStore();

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void changesLeadToTheTableThatIsMadeFromNothing(long seed) {
    Random random = new Random(seed);
    ClusterTable tables = new ClusterTable("cluster.local", 1080, 5);
    Table table = tables.of(store.cluster.snapshot());
    store.cluster.takeTouched();
    for (int step = 0; step < 400; step++) {
      for (int i = random.nextInt(3); i >= 0; i--) {
        change(random);
      }
      if (random.nextInt(20) == 0) {
        listAnew(random);
      }
      ClusterSnapshot snapshot = store.cluster.snapshot();
      table = tables.changed(table, snapshot, store.cluster.takeTouched());

      ClusterSnapshot anew =
          ClusterSnapshot.of(
              services.values(),
              endpoints.values(),
              pods.values(),
              nodes.values(),
              namespaces.values());
      assertThat(snapshot).isEqualTo(anew);
      assertThat(table).isEqualTo(tables.of(anew));
    }
  }

  /** What is listed after an outdated watch: some objects are gone and some others. */
  private void listAnew(Random random) {
    services.keySet().removeIf(key -> random.nextInt(4) == 0);
    pods.keySet().removeIf(key -> random.nextInt(4) == 0);
    store.services.replace(new HashMap<>(services));
    store.pods.replace(new HashMap<>(pods));
    assertThat(store.endpoints.replace(new HashMap<>(endpoints))).isFalse();
  }

  private void change(Random random) {
    String name = name(random);
    String key = "default/" + name;
    boolean gone = random.nextInt(4) == 0;
    switch (random.nextInt(5)) {
      case 0 -> put(services, store.services, key, gone ? null : service(name, random));
      case 1 -> put(endpoints, store.endpoints, key, gone ? null : slice(name, random));
      case 2 -> put(pods, store.pods, key, gone ? null : pod(name, random));
      case 3 ->
          put(namespaces, store.namespaces, name + "/", gone ? null : new NamespaceView(name));
      default -> put(nodes, store.nodes, "/" + name, gone ? null : node(name, random));
    }
  }

  private static <T> void put(
      Map<String, T> expected, ClusterStore.Objects<T> objects, String key, T object) {
    if (object == null) {
      expected.remove(key);
    } else {
      expected.put(key, object);
    }
    objects.put(key, object);
  }

  private static ServiceView service(String name, Random random) {
    Map<String, Object> spec = new HashMap<>();
    spec.put("ports", List.of(port(random), Map.of("name", "p9", "port", 90)));
    switch (random.nextInt(4)) {
      case 0 -> spec.put("clusterIP", "None");
      case 1 -> {
        spec.put("type", "ExternalName");
        spec.put("externalName", "www.example.test");
      }
      default -> spec.put("clusterIP", address(random));
    }
    return ServiceView.of(json(name, Map.of(), Map.of("spec", spec)));
  }

  private static EndpointsView slice(String name, Random random) {
    List<Object> list = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      Map<String, Object> endpoint = new HashMap<>();
      endpoint.put("addresses", List.of(address(random)));
      endpoint.put("conditions", Map.of("ready", random.nextInt(4) > 0));
      if (random.nextBoolean()) {
        endpoint.put("targetRef", Map.of("kind", "Pod", "name", name(random)));
      }
      list.add(endpoint);
    }
    return EndpointsView.ofSlice(
        json(
            name,
            Map.of("kubernetes.io/service-name", name(random)),
            Map.of("ports", List.of(port(random)), "endpoints", list)));
  }

  private static PodView pod(String name, Random random) {
    return PodView.of(
        json(
            name,
            Map.of(),
            Map.of(
                "spec",
                Map.of("hostNetwork", random.nextInt(5) == 0),
                "status",
                Map.of("phase", "Running", "podIP", address(random), "hostIP", address(random)))));
  }

  private static NodeView node(String name, Random random) {
    Map<String, Object> status =
        Map.of("addresses", List.of(Map.of("type", "InternalIP", "address", address(random))));
    return NodeView.of(json(name, Map.of(), Map.of("status", status)));
  }

  private static Json json(String name, Map<String, Object> labels, Map<String, Object> content) {
    Map<String, Object> object = new HashMap<>(content);
    object.put("metadata", Map.of("namespace", "default", "name", name, "labels", labels));
    return new Json(object);
  }

  private static Map<String, Object> port(Random random) {
    return Map.of("name", "p" + random.nextInt(2), "port", 80 + random.nextInt(2));
  }

  /** Behind the service {@code kubernetes} is the API server. */
  private static String name(Random random) {
    int number = random.nextInt(4);
    return number == 0 ? "kubernetes" : "n" + number;
  }

  private static String address(Random random) {
    return "10.0.0." + random.nextInt(8);
  }
}
