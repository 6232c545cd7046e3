package io.teleproxy.plugin.kubernetes.model;

import io.teleproxy.plugin.kubernetes.model.EndpointsView.Subset;
import io.teleproxy.spi.TrieMap;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A cluster that is being followed: takes one change of an object after the other, and knows whose
 * names and routes each touches. Confined to one thread.
 */
public final class LiveCluster {
  /** Behind it is the API server itself. */
  private static final String API_SERVER = "default/kubernetes";

  private final TrieMap.Editor<String, ServiceView> services =
      TrieMap.<String, ServiceView>empty().edit();
  private final TrieMap.Editor<String, List<EndpointsView>> endpoints =
      TrieMap.<String, List<EndpointsView>>empty().edit();
  private final TrieMap.Editor<String, PodView> pods = TrieMap.<String, PodView>empty().edit();
  private final TrieMap.Editor<String, NamespaceView> namespaces =
      TrieMap.<String, NamespaceView>empty().edit();
  private final TrieMap.Editor<InetAddress, Integer> own =
      TrieMap.<InetAddress, Integer>empty().edit();
  private final KeysByAddress serviceAddresses = new KeysByAddress();
  private final KeysByAddress podAddresses = new KeysByAddress();

  /** Keys of services by the addresses of their endpoints. */
  private final KeysByAddress endpointAddresses = new KeysByAddress();

  private Set<String> touchedServices = new HashSet<>();
  private Set<String> touchedPods = new HashSet<>();
  private Set<String> touchedNamespaces = new HashSet<>();

  /**
   * Whose names and routes may be others than before.
   *
   * @param services keys of services that are there or were
   * @param pods keys of pods that are there or were
   * @param namespaces names of namespaces that are there or were
   */
  public record Touched(Set<String> services, Set<String> pods, Set<String> namespaces) {}

  /** A service is new, changed or gone. */
  public void service(@Nullable ServiceView before, @Nullable ServiceView after) {
    if (before != null) {
      services.remove(before.key());
      before.clusterIps().forEach(ip -> serviceAddresses.remove(ip, before.key()));
      touchedServices.add(before.key());
    }
    if (after != null) {
      services.put(after.key(), after);
      after.clusterIps().forEach(ip -> serviceAddresses.add(ip, after.key()));
      touchedServices.add(after.key());
    }
  }

  /** An EndpointSlice, or the like, is new, changed or gone. */
  public void endpoints(@Nullable EndpointsView before, @Nullable EndpointsView after) {
    Set<String> keys = new HashSet<>();
    for (EndpointsView each : new EndpointsView[] {before, after}) {
      if (each != null && !each.service().isEmpty()) {
        keys.add(each.serviceKey());
      }
    }
    for (String key : keys) {
      List<EndpointsView> there = endpoints.get(key);
      List<EndpointsView> now = new ArrayList<>(there == null ? List.of() : there);
      if (before != null) {
        now.removeIf(each -> each.name().equals(before.name()));
      }
      if (after != null && after.serviceKey().equals(key)) {
        now.add(after);
      }
      now.sort(Comparator.comparing(EndpointsView::name));
      endpoints(key, there == null ? List.of() : there, List.copyOf(now));
    }
  }

  private void endpoints(String key, List<EndpointsView> before, List<EndpointsView> after) {
    Set<InetAddress> old = addresses(before);
    Set<InetAddress> now = addresses(after);
    for (InetAddress address : old) {
      if (!now.contains(address)) {
        endpointAddresses.remove(address, key);
      }
    }
    for (InetAddress address : now) {
      if (!old.contains(address)) {
        endpointAddresses.add(address, key);
      }
    }
    if (after.isEmpty()) {
      endpoints.remove(key);
    } else {
      endpoints.put(key, after);
    }
    touchedServices.add(key);
    if (key.equals(API_SERVER)) {
      old.forEach(this::disown);
      now.forEach(this::own);
    }
  }

  /** A pod is new, changed or gone. */
  public void pod(@Nullable PodView before, @Nullable PodView after) {
    if (before != null) {
      pods.remove(before.key());
      touchedPods.add(before.key());
      for (InetAddress ip : before.ips()) {
        if (podAddresses.remove(ip, before.key())) {
          touchedServices.addAll(endpointAddresses.at(ip));
        }
      }
    }
    if (after != null) {
      pods.put(after.key(), after);
      touchedPods.add(after.key());
      for (InetAddress ip : after.ips()) {
        if (podAddresses.add(ip, after.key())) {
          touchedServices.addAll(endpointAddresses.at(ip));
        }
      }
      after.nodeIps().forEach(this::own);
    }
    if (before != null) {
      before.nodeIps().forEach(this::disown);
    }
  }

  /** A node is new, changed or gone. */
  public void node(@Nullable NodeView before, @Nullable NodeView after) {
    if (after != null) {
      after.addresses().forEach(this::own);
    }
    if (before != null) {
      before.addresses().forEach(this::disown);
    }
  }

  /** A namespace is new, changed or gone. */
  public void namespace(@Nullable NamespaceView before, @Nullable NamespaceView after) {
    if (before != null) {
      namespaces.remove(before.name());
      touchedNamespaces.add(before.name());
    }
    if (after != null) {
      namespaces.put(after.name(), after);
      touchedNamespaces.add(after.name());
    }
  }

  /** The cluster as it is now. */
  public ClusterSnapshot snapshot() {
    return new ClusterSnapshot(
        services.done(),
        endpoints.done(),
        pods.done(),
        namespaces.done(),
        serviceAddresses.done(),
        podAddresses.done(),
        own.done());
  }

  /** What has been touched since this was asked last. */
  public Touched takeTouched() {
    Touched touched = new Touched(touchedServices, touchedPods, touchedNamespaces);
    touchedServices = new HashSet<>();
    touchedPods = new HashSet<>();
    touchedNamespaces = new HashSet<>();
    return touched;
  }

  private void own(InetAddress address) {
    Integer times = own.get(address);
    own.put(address, times == null ? 1 : times + 1);
    if (times == null) {
      touchAllAt(address);
    }
  }

  private void disown(InetAddress address) {
    Integer times = own.get(address);
    if (times == null || times == 1) {
      own.remove(address);
      touchAllAt(address);
    } else {
      own.put(address, times - 1);
    }
  }

  private void touchAllAt(InetAddress address) {
    touchedServices.addAll(serviceAddresses.at(address));
    touchedServices.addAll(endpointAddresses.at(address));
    touchedPods.addAll(podAddresses.at(address));
  }

  private static Set<InetAddress> addresses(List<EndpointsView> slices) {
    Set<InetAddress> addresses = new HashSet<>();
    Consumer<Subset> subset =
        each -> each.endpoints().forEach(endpoint -> addresses.add(endpoint.address()));
    slices.forEach(slice -> slice.subsets().forEach(subset));
    return addresses;
  }
}
