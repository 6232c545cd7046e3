package io.teleproxy.plugin.kubernetes.watch;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.plugin.kubernetes.table.Objects;
import io.teleproxy.spi.Finding;
import io.teleproxy.spi.Protocol;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BehindTest {
  private final Behind behind =
      new Behind(
          Objects.cluster(
              """
              kind: Service
              metadata: {namespace: shop, name: web}
              spec:
                clusterIP: 10.96.0.20
                ports: [{name: http, port: 80}, {name: dns, port: 53, protocol: UDP}]
              ---
              kind: EndpointSlice
              metadata: {namespace: shop, name: w1, labels: {kubernetes.io/service-name: web}}
              ports: [{name: http, port: 8080}, {name: dns, port: 5353, protocol: UDP}]
              endpoints:
              - {addresses: [10.244.0.4], targetRef: {kind: Pod, name: web-a}}
              - {addresses: [10.244.0.9], conditions: {ready: false}, targetRef: {kind: Pod, name: web-b}}
              ---
              kind: Service
              metadata: {namespace: shop, name: starting}
              spec: {clusterIP: 10.96.0.21, ports: [{port: 80}]}
              ---
              kind: EndpointSlice
              metadata: {namespace: shop, name: s1, labels: {kubernetes.io/service-name: starting}}
              ports: [{port: 8080}]
              endpoints:
              - {addresses: [10.244.0.7], conditions: {ready: false}, targetRef: {kind: Pod, name: s-a}}
              ---
              kind: Service
              metadata: {namespace: shop, name: lonely}
              spec: {clusterIP: None, ports: [{port: 80}]}
              ---
              kind: Service
              metadata: {namespace: shop, name: elsewhere}
              spec: {type: ExternalName, externalName: db.example.org.}
              ---
              kind: Pod
              metadata: {namespace: shop, name: web-a}
              spec: {containers: [{ports: [{containerPort: 8080, protocol: TCP}]}]}
              status: {phase: Running, podIP: 10.244.0.4}
              """),
          "shop",
          "cluster.local");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "web                        | tcp | 80   | OK  | shop/web (cluster ip), ports http 80/tcp, dns 53/udp",
        "web                        | tcp | 80   | OK  | 1 of 2 ready: web-a 10.244.0.4 port 8080; not ready: web-b",
        "web.shop                   | udp | 53   | OK  | web-a 10.244.0.4 port 5353",
        "10.96.0.20                 | tcp | 80   | OK  | web-a 10.244.0.4 port 8080",
        "Web.Shop.svc.cluster.local.| tcp | 0    | OK  | web-a 10.244.0.4 port 8080, 5353",
        "starting                   | tcp | 80   | BAD | 0 of 1 ready; not ready: s-a",
        "lonely.shop.svc            | tcp | 80   | BAD | 0 of 0 ready",
        "elsewhere                  | tcp | 80   | OK  | stands for the name db.example.org",
        "10.244.0.4                 | tcp | 9090 | OK  | shop/web-a, declares ports [8080] (tcp); 9090 is none of them",
        "wep                        | tcp | 80   | NOTE| there is no service 'wep' in namespace 'shop'",
        "web.shpo.svc.cluster.local | tcp | 80   | NOTE| there is no namespace 'shpo'",
      })
  void saysWhatIsThere(
      String host, String protocol, int port, Finding.Verdict verdict, String found) {
    assertThat(find(host, protocol, port))
        .anySatisfy(
            one -> {
              assertThat(one.verdict()).isEqualTo(verdict);
              assertThat(one.found()).contains(found);
              assertThat(one.remedy().isEmpty()).isEqualTo(verdict == Finding.Verdict.OK);
            });
  }

  @Test
  void namesOfTheWorldAreNotTakenForServices() {
    assertThat(find("example.com", "tcp", 80)).isEmpty();
    assertThat(find("www.example.com", "tcp", 80)).isEmpty();
    assertThat(find("192.0.2.1", "tcp", 80)).isEmpty();
  }

  @Test
  void whatIsNotReadySaysHowToSeeWhy() {
    assertThat(find("starting", "tcp", 80).stream().map(Finding::remedy).collect(joined()))
        .contains("kubectl describe pod -n shop");
    assertThat(find("lonely", "tcp", 80).stream().map(Finding::remedy).collect(joined()))
        .contains("selector", "kubectl describe service lonely -n shop");
  }

  @Test
  void aPortThatIsNotDeclaredSaysNothingOfEndpoints() {
    assertThat(find("web", "tcp", 81)).extracting(Finding::check).containsExactly("service");
    assertThat(find("web", "udp", 80)).extracting(Finding::check).containsExactly("service");
  }

  private static java.util.stream.Collector<CharSequence, ?, String> joined() {
    return Collectors.joining("\n");
  }

  private List<Finding> find(String host, String protocol, int port) {
    return behind.find(host, protocol.equals("udp") ? Protocol.UDP : Protocol.TCP, port);
  }
}
