package io.teleproxy.plugin.kubernetes.watch;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget;
import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget.ApiServer;
import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget.External;
import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget.None;
import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget.PodPort;
import io.teleproxy.plugin.kubernetes.cluster.ClusterTarget.Reason;
import io.teleproxy.plugin.kubernetes.table.Objects;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;

class SnapshotViewTest {
  private final SnapshotView view =
      new SnapshotView(
          Objects.cluster(
              """
              kind: Node
              metadata: {name: node1}
              status: {addresses: [{type: InternalIP, address: 10.99.2.2}]}
              ---
              kind: Service
              metadata: {namespace: default, name: kubernetes}
              spec: {clusterIP: 10.96.0.1, ports: [{name: https, port: 443}]}
              ---
              kind: EndpointSlice
              metadata: {namespace: default, name: k, labels: {kubernetes.io/service-name: kubernetes}}
              ports: [{name: https, port: 6443}]
              endpoints: [{addresses: [10.99.2.2]}]
              ---
              kind: Service
              metadata: {namespace: shop, name: web}
              spec: {clusterIP: 10.96.0.20, ports: [{name: http, port: 80}, {name: none, port: 81}]}
              ---
              kind: EndpointSlice
              metadata: {namespace: shop, name: w1, labels: {kubernetes.io/service-name: web}}
              ports: [{name: http, port: 8080}]
              endpoints:
              - {addresses: [10.244.0.4], targetRef: {kind: Pod, name: web-a}}
              - {addresses: [10.244.0.9], conditions: {ready: false}, targetRef: {kind: Pod, name: x}}
              ---
              kind: EndpointSlice
              metadata: {namespace: shop, name: w2, labels: {kubernetes.io/service-name: web}}
              ports: [{name: http, port: 9090}]
              endpoints: [{addresses: [10.99.2.2], targetRef: {kind: Pod, name: on-node}}]
              ---
              kind: Pod
              metadata: {namespace: shop, name: web-a}
              status: {phase: Running, podIP: 10.244.0.4}
              ---
              kind: Pod
              metadata: {namespace: shop, name: on-node}
              spec: {hostNetwork: true}
              status: {phase: Running, podIP: 10.99.2.2}
              ---
              kind: Service
              metadata: {namespace: default, name: legacy}
              spec: {clusterIP: 10.96.0.60, ports: [{port: 80}]}
              ---
              kind: Endpoints
              metadata: {namespace: default, name: legacy}
              subsets: [{ports: [{port: 8080}], addresses: [{ip: 192.0.2.10}]}]
              ---
              kind: Service
              metadata: {namespace: shop, name: sticky}
              spec: {clusterIP: 10.96.0.70, sessionAffinity: ClientIP, ports: [{name: http, port: 80}]}
              ---
              kind: EndpointSlice
              metadata: {namespace: shop, name: s1, labels: {kubernetes.io/service-name: sticky}}
              ports: [{name: http, port: 8080}]
              endpoints:
              - {addresses: [10.244.0.5], targetRef: {kind: Pod, name: s-a}}
              - {addresses: [10.244.0.6], targetRef: {kind: Pod, name: s-b}}
              - {addresses: [10.244.0.7], targetRef: {kind: Pod, name: s-c}}
              ---
              kind: Service
              metadata: {namespace: default, name: empty}
              spec: {clusterIP: 10.96.0.30, ports: [{port: 80}]}
              """),
          "default",
          "cluster.local");

  @Test
  void whoWantsTheSameEndpointAgainGetsIt() throws UnknownHostException {
    ClusterTarget first = resolve("10.96.0.70", 80);
    for (int i = 0; i < 10; i++) {
      assertThat(resolve("10.96.0.70", 80)).isEqualTo(first);
    }
  }

  @Test
  void readyEndpointsTakeTurnsEachOnItsOwnTargetPort() {
    PodPort own = new PodPort("shop", "web-a", 8080);
    PodPort host = new PodPort("shop", "on-node", 9090);

    ClusterTarget first = resolve("10.96.0.20", 80);
    ClusterTarget second = resolve("10.96.0.20", 80);

    assertThat(first).isIn(own, host);
    assertThat(second).isEqualTo(first.equals(own) ? host : own);
  }

  @Test
  void insideTheClusterAServiceIsOneOfItsReadyEndpoints() {
    InetSocketAddress first = view.endpoint(new InetSocketAddress("10.96.0.20", 80));
    InetSocketAddress second = view.endpoint(InetSocketAddress.createUnresolved("web.shop", 80));
    assertThat(first.getPort()).isIn(8080, 9090);
    assertThat(second.getPort()).isEqualTo(17_170 - first.getPort());
    assertThat(view.endpoint(new InetSocketAddress("10.96.0.60", 80)))
        .isEqualTo(new InetSocketAddress("192.0.2.10", 8080));
  }

  @Test
  void insideTheClusterWhatIsNoServiceOrHasNoEndpointIsItself() {
    for (String same : new String[] {"10.244.0.4", "10.96.0.30", "10.96.0.1", "198.51.100.1"}) {
      InetSocketAddress destination = new InetSocketAddress(same, 443);
      assertThat(view.endpoint(destination)).isEqualTo(destination);
    }
  }

  @Test
  void aPodAddressIsThatPodOnTheSamePort() {
    assertThat(resolve("10.244.0.4", 1234)).isEqualTo(new PodPort("shop", "web-a", 1234));
  }

  @Test
  void theKubernetesServiceIsTheApiServer() {
    assertThat(resolve("10.96.0.1", 443)).isEqualTo(new ApiServer());
  }

  @Test
  void handWrittenEndpointsAreOutside() throws UnknownHostException {
    assertThat(resolve("10.96.0.60", 80))
        .isEqualTo(new External(InetAddress.getByName("192.0.2.10"), 8080));
  }

  @Test
  void whatIsNotThereIsSaid() {
    assertThat(reason(resolve("10.96.0.30", 80))).isEqualTo(Reason.NO_READY_ENDPOINT);
    assertThat(reason(resolve("10.96.0.20", 81))).isEqualTo(Reason.NO_READY_ENDPOINT);
    assertThat(reason(resolve("10.96.0.20", 82))).isEqualTo(Reason.NO_SUCH_PORT);
    assertThat(reason(resolve("10.99.2.2", 22))).isEqualTo(Reason.UNKNOWN_DESTINATION);
    assertThat(reason(resolve("198.51.100.1", 80))).isEqualTo(Reason.UNKNOWN_DESTINATION);
  }

  @Test
  void namesAreCompletedLikeInAPod() {
    for (String name : new String[] {"web.shop", "WEB.shop.svc", "web.shop.svc.cluster.local."}) {
      assertThat(view.resolve(InetSocketAddress.createUnresolved(name, 80)))
          .isInstanceOf(PodPort.class);
    }
    assertThat(view.resolve(InetSocketAddress.createUnresolved("kubernetes", 443)))
        .isEqualTo(new ApiServer());
    assertThat(reason(view.resolve(InetSocketAddress.createUnresolved("web", 80))))
        .isEqualTo(Reason.UNKNOWN_DESTINATION);
  }

  private ClusterTarget resolve(String address, int port) {
    return view.resolve(new InetSocketAddress(address, port));
  }

  private static Reason reason(ClusterTarget target) {
    return ((None) target).reason();
  }
}
