package io.teleproxy.plugin.kubernetes.table;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.Route;
import io.teleproxy.spi.Table;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each case is a pair of files: objects as kubectl shows them, and the table they make. */
class ClusterTableTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "cluster-ip",
        "dual-stack",
        "empty",
        "endpoints-of-old-clusters",
        "external-name",
        "headless",
        "host-network",
        "kubernetes",
        "node-port",
        "pods",
        "publish-not-ready",
        "several-slices",
        "stateful",
        "without-selector"
      })
  void eachKindOfServiceMakesTheTableInItsFile(String name) throws IOException {
    Table table =
        new ClusterTable("cluster.local", 1080, 5).of(Objects.cluster(file(name + ".yaml")));

    assertThat(text(table)).isEqualTo(file(name + ".table"));
  }

  @Test
  void theDomainIsTheOneConfigured() {
    Table table = new ClusterTable("k8s.example", 1080, 5).of(Objects.cluster(""));

    assertThat(table.zones()).containsExactly("k8s.example");
    assertThat(table.records()).containsExactly("dns-version.k8s.example. 5 IN TXT \"1.1.0\"");
    assertThat(table.synced()).isTrue();
  }

  @Test
  void reverseNamesOfIpv6AreNibbles() throws IOException {
    assertThat(DnsText.reverse(java.net.InetAddress.getByName("fd00:10:96::a")))
        .isEqualTo("a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"fd00::1", "::1", "1:0:0:2::3", "2001:db8:0:1:1:1:1:1", "fe80::", "1::2:0:0:3"})
  void dashedIpv6IsTheShortestForm(String text) throws IOException {
    String expected = text.equals("fe80::") ? "fe80--0" : text.replace(':', '-');

    assertThat(DnsText.dashed(java.net.InetAddress.getByName(text))).isEqualTo(expected);
  }

  private static String text(Table table) {
    List<String> lines = new ArrayList<>();
    for (Route route : table.routes()) {
      String ports = route.ports().isAll() ? "*" : route.ports().toString();
      String action =
          route.action() instanceof Route.Action.Divert divert
              ? "divert " + divert.target()
              : "reject";
      lines.add(
          ("route " + route.ip() + " " + route.protocol().lower() + " " + ports + " " + action)
              + (route.name().isEmpty() ? "" : " name " + route.name()));
    }
    lines.addAll(table.records());
    Collections.sort(lines);
    return String.join("\n", lines) + "\n";
  }

  private static String file(String name) throws IOException {
    try (InputStream in = ClusterTableTest.class.getResourceAsStream(name)) {
      return in == null ? "" : new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
